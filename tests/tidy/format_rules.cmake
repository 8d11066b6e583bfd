# cmake -DCLANG_FORMAT=... -DROOT=... -DSCRATCH=... -P format_rules.cmake: does format.cmake refuse
# what is badly formatted, and nothing else?
function(expect_format accepts name text)
    file(REMOVE_RECURSE ${SCRATCH})
    configure_file(${ROOT}/.clang-format ${SCRATCH}/.clang-format COPYONLY)
    file(WRITE ${SCRATCH}/good.hpp "int good();\n")
    file(WRITE ${SCRATCH}/${name} "${text}")
    execute_process(COMMAND ${CMAKE_COMMAND} -DCLANG_FORMAT=${CLANG_FORMAT} -DROOT=${SCRATCH}
        -P ${CMAKE_CURRENT_LIST_DIR}/format.cmake RESULT_VARIABLE failed ERROR_VARIABLE report)
    if(accepts AND failed)
        message(FATAL_ERROR "${name} was refused: ${report}")
    elseif(NOT accepts AND NOT report MATCHES "code should be clang-formatted")
        message(FATAL_ERROR "${name} was accepted: ${text}")
    endif()
endfunction()

expect_format(YES impl/a.cpp "int a();\n")
expect_format(NO impl/a.cpp "int  a();\n")
expect_format(NO include/a.hpp "int a( );\n")
expect_format(YES tests/fail/a.cpp "int  a();\n")
expect_format(YES .build/a.cpp "int  a();\n")
