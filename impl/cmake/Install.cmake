# What `cmake --install` gives others: the headers, the libraries, the command, a package that
# find_package(casement) understands, a casement-COMPONENT.pc each, and machine/ as one header.
include(CMakePackageConfigHelpers)

list(TRANSFORM CASEMENT_COMPONENTS PREPEND casement_ OUTPUT_VARIABLE casement_targets)
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
    ${CMAKE_CURRENT_LIST_DIR}/Components.cmake ${CMAKE_CURRENT_LIST_DIR}/FindxxHash.cmake
    DESTINATION ${casement_package})

# What pkg-config cannot ask a package of its own: Debian's Boost, LevelDB and xxHash have none.
set(casement_hash_libs -lcrypto -lxxhash)
set(casement_leveldb_libs -lleveldb -lpthread)
set(casement_etcd_libs -lpthread)
set(casement_blob_libs -lpthread)
set(casement_check_libs -lboost_context)
set(casement_etcd_packages grpc++ protobuf)  # these have
file(RELATIVE_PATH pc_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)  # wherever it is moved to
foreach(component ${CASEMENT_COMPONENTS})
    list(TRANSFORM casement_${component}_on PREPEND casement- OUTPUT_VARIABLE pc_requires)
    list(APPEND pc_requires ${casement_${component}_packages})
    list(JOIN pc_requires " " pc_requires)
    set(pc_libs ${casement_${component}_libs})
    get_target_property(type casement_${component} TYPE)
    if(type STREQUAL "STATIC_LIBRARY")
        list(PREPEND pc_libs -lcasement_${component})
    endif()
    list(JOIN pc_libs " " pc_libs)
    configure_file(${CMAKE_CURRENT_LIST_DIR}/casement.pc.in
        ${PROJECT_BINARY_DIR}/casement-${component}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/casement-${component}.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

find_package(Python3 COMPONENTS Interpreter)
if(Python3_Interpreter_FOUND)
    set(single ${PROJECT_BINARY_DIR}/casement_machine.hpp)
    file(GLOB_RECURSE inlined CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/casement/core/*.hpp
        ${PROJECT_SOURCE_DIR}/include/casement/machine/*.hpp)
    add_custom_command(OUTPUT ${single} VERBATIM
        DEPENDS ${inlined} ${PROJECT_SOURCE_DIR}/impl/core/error.cpp
            ${CMAKE_CURRENT_LIST_DIR}/single_header.py
        COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/single_header.py
            ${PROJECT_SOURCE_DIR} ${single})
    add_custom_target(casement_single_header ALL DEPENDS ${single})
    install(FILES ${single} TYPE INCLUDE)
endif()
