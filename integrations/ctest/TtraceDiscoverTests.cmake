# ttrace_discover_tests(TARGET ...): one CTest test for each case of a GoogleTest or Catch2 program,
# run under ttrace. See docs/guides/ctest.md.
set_property(GLOBAL PROPERTY TTRACE_ADD_TESTS_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/TtraceAddTests.cmake)

# `set(NAME VALUE...)` with a value that may hold anything.
function(ttrace_append_setting variable name)
  set(text "")
  foreach(item IN LISTS ARGN)
    string(APPEND text " [==[${item}]==]")
  endforeach()
  set(${variable} "${${variable}}set(${name}${text})\n" PARENT_SCOPE)
endfunction()

# An error if the keyword's value does not match. What a generator expression will be, only the build
# knows: then the tool checks it.
macro(ttrace_check_value keyword pattern expected)
  if(NOT "${ARG_${keyword}}" MATCHES "${pattern}" AND NOT "${ARG_${keyword}}" MATCHES "[$]<")
    message(FATAL_ERROR "ttrace_discover_tests(${target}): ${keyword} expects ${expected}, "
                        "not \"${ARG_${keyword}}\"")
  endif()
endmacro()

function(ttrace_discover_tests target)
  set(options NO_PRETTY_TYPES NO_PRETTY_VALUES NO_FALLBACK)
  set(single FRAMEWORK UNTIL_FAIL TIME_BUDGET TRACE_DIR TEST_PREFIX TEST_SUFFIX TEST_FILTER
      WORKING_DIRECTORY TEST_LIST DISCOVERY_TIMEOUT DISCOVERY_MODE XML_OUTPUT_DIR)
  set(lists EXTRA_ARGS DISCOVERY_EXTRA_ARGS TEST_SPEC PROPERTIES LABELS TTRACE_ARGS)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "${options}" "${single}" "${lists}")
  if(ARG_UNPARSED_ARGUMENTS)
    list(JOIN ARG_UNPARSED_ARGUMENTS " " unknown)
    set(known ${options} ${single} ${lists})
    list(JOIN known ", " known)
    message(FATAL_ERROR "ttrace_discover_tests(${target}): not understood: ${unknown}; the keywords "
                        "are ${known}")
  endif()
  if(NOT TARGET ${target})
    message(FATAL_ERROR "ttrace_discover_tests(${target}): there is no such target yet; "
                        "call it after add_executable")
  endif()
  set(defaults FRAMEWORK auto UNTIL_FAIL 1 WORKING_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}"
      TRACE_DIR "${CMAKE_BINARY_DIR}/.ttrace" DISCOVERY_TIMEOUT 30 DISCOVERY_MODE POST_BUILD
      TEST_LIST ${target}_TESTS)
  while(defaults)
    list(POP_FRONT defaults name value)
    if("${ARG_${name}}" STREQUAL "")
      set(ARG_${name} "${value}")
    endif()
  endwhile()
  ttrace_check_value(UNTIL_FAIL "^[1-9][0-9]*$" "a number of attempts, like 50")
  ttrace_check_value(TIME_BUDGET "^([0-9]+([.][0-9]*)?)?$" "a number of seconds, like 30")
  ttrace_check_value(FRAMEWORK "^(auto|gtest|catch2)$" "auto, gtest or catch2")
  if(NOT ARG_DISCOVERY_MODE MATCHES "^(POST_BUILD|PRE_TEST)$")
    message(FATAL_ERROR "ttrace_discover_tests(${target}): DISCOVERY_MODE is POST_BUILD or "
                        "PRE_TEST, not ${ARG_DISCOVERY_MODE}")
  endif()

  get_property(script GLOBAL PROPERTY TTRACE_ADD_TESTS_SCRIPT)
  get_property(multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
  # Each call for the same target, with another filter say, has files of its own.
  get_property(calls TARGET ${target} PROPERTY TTRACE_DISCOVERIES)
  list(LENGTH calls number)
  set_property(TARGET ${target} APPEND PROPERTY TTRACE_DISCOVERIES "${number}")
  set(base "${CMAKE_CURRENT_BINARY_DIR}/${target}_ttrace")
  if(number GREATER 0)
    string(APPEND base "_${number}")
  endif()
  set(config "$<CONFIG>")
  if(NOT multi_config)
    set(config "only")
  endif()

  set(settings "")
  ttrace_append_setting(settings tests_file "${base}-${config}.cmake")
  ttrace_append_setting(settings target "${target}")
  ttrace_append_setting(settings tool "$<TARGET_FILE:ttrace::ttrace>")
  ttrace_append_setting(settings executable "$<TARGET_FILE:${target}>")
  foreach(name IN ITEMS ${single} ${lists})
    string(TOLOWER ${name} lower)
    ttrace_append_setting(settings ${lower} ${ARG_${name}})
  endforeach()
  ttrace_append_setting(settings fallback "$<NOT:$<BOOL:${ARG_NO_FALLBACK}>>")
  file(GENERATE OUTPUT "${base}_settings-${config}.cmake" CONTENT "${settings}")

  if(ARG_DISCOVERY_MODE STREQUAL POST_BUILD)
    # A changed command makes the build run it again.
    string(SHA256 revision "${settings}")
    add_custom_command(TARGET ${target} POST_BUILD
      BYPRODUCTS "${base}-${config}.cmake"
      COMMAND "${CMAKE_COMMAND}" "-Dsettings=${base}_settings-${config}.cmake" "-Drevision=${revision}"
              -P "${script}"
      COMMENT "Listing the cases of ${target}" VERBATIM)
    if(TARGET ttrace) # in the same build
      add_dependencies(${target} ttrace)
    endif()
  endif()

  set(chosen "only")
  if(multi_config)
    set(chosen "\${CTEST_CONFIGURATION_TYPE}")
  endif()
  set(include_file "${base}_include.cmake")
  set(text "")
  if(ARG_DISCOVERY_MODE STREQUAL PRE_TEST)
    string(APPEND text
      "if(NOT EXISTS \"${base}-${chosen}.cmake\" OR\n"
      "   [==[$<TARGET_FILE:${target}>]==] IS_NEWER_THAN \"${base}-${chosen}.cmake\")\n"
      "  set(settings \"${base}_settings-${chosen}.cmake\")\n"
      "  include([==[${script}]==])\n"
      "endif()\n")
  endif()
  string(APPEND text
    "if(EXISTS \"${base}-${chosen}.cmake\")\n"
    "  include(\"${base}-${chosen}.cmake\")\n"
    "else()\n"
    "  add_test(${target}_NOT_BUILT ${target}_NOT_BUILT)\n"
    "endif()\n")
  if(multi_config AND ARG_DISCOVERY_MODE STREQUAL PRE_TEST)
    message(FATAL_ERROR "ttrace_discover_tests(${target}): DISCOVERY_MODE PRE_TEST needs a "
                        "generator with one configuration; use POST_BUILD")
  endif()
  file(GENERATE OUTPUT "${include_file}" CONTENT "${text}")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${include_file}")
endfunction()
