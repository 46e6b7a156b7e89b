# How guests are built and tested.
#
#   ttrace_guest(NAME [SOURCE file] [FLAGS compile flags...] [LINK libraries or link flags...]
#                [ARGS guest arguments...] [SEEDS n] [CHAOS n] [TICKS kind] [STATUS n]
#                [REFUSED text])
#
# Builds NAME.cpp (or SOURCE; C sources are named by it) with -O1 -g -pthread unless FLAGS says
# otherwise, and adds the test conformance.NAME: recorded SEEDS times (default 1), each replayed, the
# first three times, and once without ticks; then CHAOS times (default 0) with --chaos=on. TICKS: with
# this kind only. STATUS is the guest's own exit status as a shell shows it (default 0). REFUSED:
# recording must end as "not recordable", with this text in its one line.
#
#   ttrace_guests(PREFIX [SEEDS n] [CHAOS n] NAMES name...)
#
# Guests PREFIX_NAME with the same options.
#
#   ttrace_foreign_guest(NAME SOURCE [SEEDS n] [STATUS n] [TICKS kind] [ARGS guest arguments...]
#                        COMMAND compiler and flags...)
#
# A guest that another compiler builds, whose output comes last.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(TTRACE_GUEST_TEST ${PROJECT_SOURCE_DIR}/tests/integration/record_replay_test.py)
set(TTRACE_GUEST_HEADERS ${CMAKE_CURRENT_LIST_DIR})

function(ttrace_guest_test name guest)
  cmake_parse_arguments(ARG "" "SEEDS;CHAOS;STATUS;REFUSED;TICKS" "ARGS" ${ARGN})
  set(options --ttrace $<TARGET_FILE:ttrace> --guest ${guest})
  foreach(option SEEDS CHAOS STATUS REFUSED TICKS)
    if(DEFINED ARG_${option})
      string(TOLOWER ${option} flag)
      list(APPEND options "--${flag}=${ARG_${option}}")
    endif()
  endforeach()
  if(ARG_ARGS)
    list(APPEND options -- ${ARG_ARGS})
  endif()
  add_test(NAME conformance.${name}
           COMMAND Python3::Interpreter ${TTRACE_GUEST_TEST} ${options})
  # A virtual machine's CPU may stand still for a minute (the kernel log then has "workqueue lockup").
  set_tests_properties(conformance.${name} PROPERTIES LABELS conformance TIMEOUT 300)
endfunction()

function(ttrace_guest name)
  cmake_parse_arguments(ARG "" "SOURCE" "FLAGS;LINK;ARGS;SEEDS;CHAOS;STATUS;REFUSED;TICKS" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "ttrace_guest(${name}): what is ${ARG_UNPARSED_ARGUMENTS}?")
  endif()
  if(NOT ARG_SOURCE)
    set(ARG_SOURCE ${name}.cpp)
  endif()
  if(NOT ARG_FLAGS)
    set(ARG_FLAGS -O1 -g -pthread)
  endif()
  add_executable(guest_${name} ${ARG_SOURCE})
  set_target_properties(guest_${name} PROPERTIES OUTPUT_NAME ${name})
  ttrace_compile_options(guest_${name})
  target_include_directories(guest_${name} PRIVATE ${TTRACE_GUEST_HEADERS})
  target_compile_options(guest_${name} PRIVATE ${ARG_FLAGS})
  target_link_libraries(guest_${name} PRIVATE -pthread ${ARG_LINK})

  set(options)
  foreach(option SEEDS CHAOS STATUS REFUSED TICKS ARGS)
    if(DEFINED ARG_${option})
      list(APPEND options ${option} ${ARG_${option}})
    endif()
  endforeach()
  ttrace_guest_test(${name} $<TARGET_FILE:guest_${name}> ${options})
endfunction()

function(ttrace_guests prefix)
  cmake_parse_arguments(ARG "" "SEEDS;CHAOS" "NAMES" ${ARGN})
  set(options)
  foreach(option SEEDS CHAOS)
    if(DEFINED ARG_${option})
      list(APPEND options ${option} ${ARG_${option}})
    endif()
  endforeach()
  foreach(name ${ARG_NAMES})
    ttrace_guest(${prefix}_${name} ${options})
  endforeach()
endfunction()

function(ttrace_foreign_guest name source)
  cmake_parse_arguments(ARG "" "" "COMMAND;SEEDS;STATUS;TICKS;ARGS" ${ARGN})
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${name})
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${ARG_COMMAND} -I${TTRACE_GUEST_HEADERS} ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${output}
    DEPENDS ${source} ${TTRACE_GUEST_HEADERS}/observe.h
    VERBATIM)
  add_custom_target(guest_${name} ALL DEPENDS ${output})
  set(options)
  foreach(option SEEDS STATUS TICKS ARGS)
    if(DEFINED ARG_${option})
      list(APPEND options ${option} ${ARG_${option}})
    endif()
  endforeach()
  ttrace_guest_test(${name} ${output} ${options})
endfunction()
