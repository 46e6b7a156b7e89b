# What `cmake --install` puts where: the tool, the start library, the sources of the listeners (they
# are compiled in the projects that use them), headers, and the files of find_package and pkg-config.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(TTRACE_INSTALL_CMAKEDIR ${CMAKE_INSTALL_LIBDIR}/cmake/ttrace)
set(TTRACE_INSTALL_DATADIR ${CMAKE_INSTALL_DATADIR}/ttrace)

# The one of our own build knows where that put the supervisor; this one, where it is installed.
ttrace_add_start_library(ttrace_start_installed ${CMAKE_INSTALL_FULL_BINDIR}/ttrace)
set_target_properties(ttrace_start_installed PROPERTIES OUTPUT_NAME ttrace_start EXPORT_NAME start
  ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/installed)

install(TARGETS ttrace ttrace_start_installed EXPORT ttraceTargets)
install(EXPORT ttraceTargets NAMESPACE ttrace:: DESTINATION ${TTRACE_INSTALL_CMAKEDIR})
install(DIRECTORY include/ttrace DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES integrations/gtest/listener.cpp
        DESTINATION ${TTRACE_INSTALL_DATADIR}/integrations/gtest)
install(FILES integrations/catch2/listener.cpp
        DESTINATION ${TTRACE_INSTALL_DATADIR}/integrations/catch2)
install(FILES integrations/start/start.h DESTINATION ${TTRACE_INSTALL_DATADIR}/integrations/start)

configure_package_config_file(cmake/ttraceConfig.cmake.in ttraceConfig.cmake
  INSTALL_DESTINATION ${TTRACE_INSTALL_CMAKEDIR}
  PATH_VARS CMAKE_INSTALL_BINDIR TTRACE_INSTALL_DATADIR)
write_basic_package_version_file(ttraceConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/ttraceConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/ttraceConfigVersion.cmake
              cmake/TtraceIntegrations.cmake
              integrations/ctest/TtraceDiscoverTests.cmake
              integrations/ctest/TtraceAddTests.cmake
        DESTINATION ${TTRACE_INSTALL_CMAKEDIR})

# The man page comes out of the tool's own table of flags.
install(CODE "execute_process(COMMAND \"$<TARGET_FILE:ttrace>\" reference --man
  OUTPUT_FILE \"${CMAKE_CURRENT_BINARY_DIR}/ttrace.1\" COMMAND_ERROR_IS_FATAL ANY)")
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/ttrace.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)

# From where the file lies, so that the package can be moved; an absolute directory stays as it is.
file(RELATIVE_PATH TTRACE_PREFIX_FROM_PC ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
foreach(directory LIBDIR INCLUDEDIR DATADIR)
  set(TTRACE_PC_${directory} "\${prefix}")
  cmake_path(APPEND TTRACE_PC_${directory} ${CMAKE_INSTALL_${directory}})
endforeach()
configure_file(cmake/ttrace.pc.in ttrace.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/ttrace.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
