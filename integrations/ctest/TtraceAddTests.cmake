# Writes the file of add_test() calls of one test program: what ttrace_discover_tests() runs after
# each build, or CTest before its tests. `settings` names a file of set() calls.
cmake_minimum_required(VERSION 3.21)
include("${settings}")

function(ttrace_quoted variable)
  set(text "")
  foreach(word IN LISTS ARGN)
    string(APPEND text " [==[${word}]==]")
  endforeach()
  set(${variable} "${text}" PARENT_SCOPE)
endfunction()

# Milliseconds of a number of seconds like 2.5, or "".
function(ttrace_milliseconds variable seconds)
  set(${variable} "" PARENT_SCOPE)
  if("${seconds}" MATCHES "^([0-9]+)(\\.([0-9]*))?$")
    set(whole ${CMAKE_MATCH_1})
    string(SUBSTRING "${CMAKE_MATCH_3}000" 0 3 fraction)
    math(EXPR sum "${whole} * 1000 + 1${fraction} - 1000")
    set(${variable} ${sum} PARENT_SCOPE)
  endif()
endfunction()

set(selection "")
if(NOT "${test_filter}" STREQUAL "")
  list(APPEND selection "--gtest_filter=${test_filter}")
endif()
list(APPEND selection ${test_spec})
execute_process(
  COMMAND "${tool}" cases "--framework=${framework}" -- "${executable}" ${extra_args}
          ${discovery_extra_args} ${selection}
  WORKING_DIRECTORY "${working_directory}" TIMEOUT ${discovery_timeout}
  OUTPUT_VARIABLE listing ERROR_VARIABLE complaint RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  string(STRIP "${complaint}" complaint)
  if(result MATCHES "timeout")
    set(complaint "it took longer than DISCOVERY_TIMEOUT, ${discovery_timeout} s")
  endif()
  message(FATAL_ERROR "ttrace_discover_tests(${target}): ${complaint}")
endif()

# A test that cannot keep a trace runs without the recorder: better told now than in every run.
execute_process(COMMAND "${CMAKE_COMMAND}" -E make_directory "${trace_dir}"
  WORKING_DIRECTORY "${working_directory}"
  RESULT_VARIABLE result OUTPUT_QUIET ERROR_QUIET)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "ttrace_discover_tests(${target}): TRACE_DIR ${trace_dir} cannot be made: "
                      "choose a directory that can be written")
endif()

# The whole test may take TIMEOUT. A third of it is for beginning attempts, a third for the last
# one, and a third for replaying what it found: so a hang is kept before CTest kills us.
# CTest takes a test for one that needs one CPU unless PROCESSORS says more, and runs as many as -j
# allows: so do we.
set(timeout "")
set(jobs 1)
set(own_properties ${properties})
while(own_properties)
  list(POP_FRONT own_properties name value)
  if(name STREQUAL TIMEOUT)
    ttrace_milliseconds(timeout "${value}")
  elseif(name STREQUAL PROCESSORS)
    set(jobs "${value}")
  endif()
endwhile()
set(flags "--attempts=${until_fail}" "--jobs=${jobs}" "--dir=${trace_dir}")
if(fallback)
  list(APPEND flags --fallback)
endif()
ttrace_milliseconds(budget "${time_budget}")
if(timeout)
  math(EXPR third "${timeout} / 3 + 1")
  list(APPEND flags "--timeout=${third}ms")
  if(NOT budget OR budget GREATER third)
    set(budget ${third})
  endif()
endif()
if(budget)
  execute_process(COMMAND "${tool}" until-fail --help OUTPUT_VARIABLE help)
  if(help MATCHES "--time ")
    list(APPEND flags "--time=${budget}ms")
  endif()
endif()
list(APPEND flags ${ttrace_args})

string(JSON found_framework GET "${listing}" framework)
string(JSON count LENGTH "${listing}" cases)
set(script "")
set(names "")
set(index 0)
while(index LESS count)
  string(JSON case GET "${listing}" cases ${index} name)
  set(name "${test_prefix}${case}${test_suffix}")
  # CTest attaches a file whose name is known before: one for each test.
  string(SHA256 hash "${target} ${case}")
  string(SUBSTRING ${hash} 0 8 hash)
  string(REGEX REPLACE "[^A-Za-z0-9._+-]" "_" stem "${case}")
  string(SUBSTRING "${stem}" 0 80 stem)
  set(attached "${trace_dir}/attached/${stem}-${hash}.ttrace")
  set(case_flags "--attach=${attached}")
  if(NOT "${xml_output_dir}" STREQUAL "")
    list(APPEND case_flags "--output=junit:${xml_output_dir}/${stem}-${hash}.xml")
  endif()
  ttrace_quoted(command "${tool}" until-fail ${flags} ${case_flags}
                "--framework=${found_framework}")
  # A name may hold semicolons, which would make it a list.
  string(APPEND command " [==[--case=${case}]==]")
  ttrace_quoted(program -- "${executable}" ${extra_args})
  string(APPEND script "add_test([==[${name}]==]${command}${program})\n")
  ttrace_quoted(words WORKING_DIRECTORY "${working_directory}"
    SKIP_REGULAR_EXPRESSION "\\[ttrace\\] [^\n]*  skipped" ATTACHED_FILES_ON_FAIL "${attached}"
    ${properties})
  string(APPEND script "set_tests_properties([==[${name}]==] PROPERTIES${words})\n")
  set(signals "TIMEOUT_SIGNAL_NAME [==[SIGTERM]==] TIMEOUT_SIGNAL_GRACE_PERIOD [==[10]==]")
  if(NOT CMAKE_VERSION VERSION_LESS 3.27 AND timeout AND NOT "TIMEOUT_SIGNAL_NAME" IN_LIST properties)
    string(APPEND script "set_tests_properties([==[${name}]==] PROPERTIES ${signals})\n")
  endif()
  set(all_labels ttrace ${labels})
  string(APPEND script
         "set_tests_properties([==[${name}]==] PROPERTIES LABELS [==[${all_labels}]==])\n")
  string(REPLACE ";" "\\;" escaped "${name}")
  list(APPEND names "${escaped}")
  math(EXPR index "${index} + 1")
endwhile()
ttrace_quoted(list ${names})
string(APPEND script "set(${test_list}${list})\n")
file(WRITE "${tests_file}" "${script}")
