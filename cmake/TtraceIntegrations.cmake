# The listeners are compiled in the project that uses them, against its GoogleTest or Catch2: their
# classes differ between versions. Included by our own build and by the installed package.
#   TTRACE_INTEGRATIONS_DIR   the folder that has gtest/, catch2/ and start/
#   TTRACE_SUPERVISOR         the installed supervisor, if it is one

function(ttrace_add_listener name framework start_library framework_target)
  add_library(${name} STATIC ${TTRACE_INTEGRATIONS_DIR}/${framework}/listener.cpp)
  target_include_directories(${name} PRIVATE ${TTRACE_INTEGRATIONS_DIR}/start)
  target_link_libraries(${name} PUBLIC ${start_library} ${framework_target})
  # C++14 unless this version of the framework needs more.
  set_target_properties(${name} PROPERTIES CXX_STANDARD 14 CXX_EXTENSIONS OFF
                                           POSITION_INDEPENDENT_CODE ON)
  target_compile_options(${name} PRIVATE -fvisibility=hidden -fvisibility-inlines-hidden)
  if(TTRACE_SUPERVISOR)
    target_compile_definitions(${name} PRIVATE TTRACE_SUPERVISOR="${TTRACE_SUPERVISOR}")
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
  # Nothing refers to the listener, so a linker would leave it in the archive.
  target_link_options(${name} INTERFACE
    $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:LINKER:-u,ttrace_${framework}_listener>)
endfunction()

# ttrace::gtest and ttrace::catch2, as far as the frameworks are there: found before, or findable.
macro(ttrace_provide_listeners start_library)
  foreach(ttrace_pair gtest:GTest::gtest:GTest catch2:Catch2::Catch2:Catch2)
    string(REGEX MATCH "^([^:]*):(.*):([^:]*)$" ttrace_pair ${ttrace_pair})
    set(ttrace_name ${CMAKE_MATCH_1})
    set(ttrace_target ${CMAKE_MATCH_2})
    set(ttrace_package ${CMAKE_MATCH_3})
    if(TARGET ttrace::${ttrace_name})
      continue()
    endif()
    if(NOT TARGET ${ttrace_target})
      find_package(${ttrace_package} QUIET GLOBAL)
    endif()
    if(TARGET ${ttrace_target})
      ttrace_add_listener(ttrace_${ttrace_name} ${ttrace_name} ${start_library} ${ttrace_target})
      add_library(ttrace::${ttrace_name} ALIAS ttrace_${ttrace_name})
    endif()
  endforeach()
endmacro()
