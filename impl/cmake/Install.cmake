# What `cmake --install` gives others: the headers, the libraries, the command, and a package that
# find_package(casement) understands.
include(CMakePackageConfigHelpers)

set(casement_targets casement casement_core casement_leveldb casement_object casement_blob
    casement_vault casement_check)
install(TARGETS ${casement_targets} EXPORT casement-targets FILE_SET HEADERS)
if(CASEMENT_COMMAND)
    install(TARGETS casement_command)
endif()

set(casement_package ${CMAKE_INSTALL_LIBDIR}/cmake/casement)
install(EXPORT casement-targets NAMESPACE casement:: DESTINATION ${casement_package})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/casement-config.cmake.in
    ${PROJECT_BINARY_DIR}/casement-config.cmake INSTALL_DESTINATION ${casement_package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/casement-config-version.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/casement-config.cmake
    ${PROJECT_BINARY_DIR}/casement-config-version.cmake
    ${CMAKE_CURRENT_LIST_DIR}/FindxxHash.cmake DESTINATION ${casement_package})
