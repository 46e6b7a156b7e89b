# One place for what every target of ttrace has in common.

function(ttrace_compile_options target)
  target_compile_options(${target} PRIVATE -Wall -Wextra)
  if(TTRACE_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# A room of the house: src/NAME becomes the static library ttrace_NAME, included as "NAME/file.h".
#   ttrace_room(NAME SOURCES a.cpp b.cpp LINK ttrace_base fmt::fmt)
function(ttrace_room name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_library(ttrace_${name} STATIC ${ARG_SOURCES})
  target_include_directories(ttrace_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(ttrace_${name} PUBLIC ${ARG_LINK})
  ttrace_compile_options(ttrace_${name})
endfunction()
