# `reference` makes HTML of the headers' comments, where there is Doxygen, and fails on what is
# wrong with them. It comes to reference/html in the build directory.
find_package(Python3 COMPONENTS Interpreter)
find_program(CASEMENT_DOXYGEN doxygen)
mark_as_advanced(CASEMENT_DOXYGEN)
if(CASEMENT_DOXYGEN AND Python3_Interpreter_FOUND)
    set(casement_reference ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_LIST_DIR}/reference.py)
    add_custom_target(reference VERBATIM
        COMMAND ${casement_reference} ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/reference
            ${CASEMENT_DOXYGEN}
        COMMAND ${CMAKE_COMMAND} -E echo ${PROJECT_BINARY_DIR}/reference/html/index.html)
endif()
