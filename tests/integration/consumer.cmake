# Projects outside of ours. Building ttrace anew takes minutes, so add_subdirectory stands for
# FetchContent, too, with Catch2; both are the same files.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
# Unpacked packages of bookworm-backports: scripts/backports DIRECTORY libcatch2-dev cmake cmake-data
set(TTRACE_CATCH2_3 "" CACHE PATH "A prefix with Catch2 3.x, to be tested besides the one that is installed")
set(TTRACE_NEWER_CMAKE "" CACHE FILEPATH "A cmake beside its ctest, to be tested besides the one in use")

function(ttrace_consumer_test name how frameworks)
  add_test(NAME consumer.${name}
    COMMAND Python3::Interpreter ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/consumer_test.py
            --how ${how} --frameworks ${frameworks} --build ${PROJECT_BINARY_DIR}
            --source ${PROJECT_SOURCE_DIR} ${ARGN})
  set_tests_properties(consumer.${name} PROPERTIES LABELS consumer TIMEOUT 1800)
endfunction()

# The limit is for the build: it took 32 minutes on two cores under a load of 15.
function(ttrace_whole_build_test name)
  ttrace_consumer_test(${name} ${ARGN})
  set_tests_properties(consumer.${name} PROPERTIES TIMEOUT 7200)
endfunction()

if(TTRACE_INSTALL)
  # One project with both: installing, configuring and building is what takes long.
  if(TARGET ttrace::catch2)
    ttrace_consumer_test(find_package find_package gtest,catch2)
  else()
    ttrace_consumer_test(find_package find_package gtest)
  endif()
  if(TTRACE_CATCH2_3)
    ttrace_consumer_test(find_package_catch2_3 find_package catch2 --catch2 ${TTRACE_CATCH2_3})
  endif()
  if(TTRACE_NEWER_CMAKE)
    ttrace_consumer_test(find_package_newer_cmake find_package gtest --cmake ${TTRACE_NEWER_CMAKE})
  endif()
endif()
# Those that build all of ttrace anew take minutes each: by hand, before a release. With ccache a
# second time is shorter; without CCACHE_NOHASHDIR it takes each new directory for a new build.
#   cmake -DTTRACE_TEST_WHOLE_BUILDS=ON build
#   export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_NOHASHDIR=1
#   ctest --test-dir build -L consumer
option(TTRACE_TEST_WHOLE_BUILDS "Test consumers that build ttrace with themselves" OFF)
if(TTRACE_TEST_WHOLE_BUILDS)
  ttrace_whole_build_test(fetch_content_gtest FetchContent gtest)
  if(TARGET ttrace::catch2)
    ttrace_whole_build_test(add_subdirectory_catch2 add_subdirectory catch2)
  endif()
  if(TTRACE_CATCH2_3)
    ttrace_whole_build_test(fetch_content_catch2_3 FetchContent catch2 --catch2 ${TTRACE_CATCH2_3})
  endif()
endif()
