# cmake -DRUN_CLANG_TIDY=... -DROOT=... -DSCRATCH=... -P clang_tidy_rules.cmake: does
# clang_tidy.cmake refuse what clang-tidy finds, in sources and in headers of ours, and nothing
# else?
set(finding "int* planted() { return 0;}\n")  # modernize-use-nullptr

# expect_clang_tidy(ACCEPTS message name text): a project of one header in include/casement, one in
# impl, one elsewhere, and a source that includes them, of which `name` has that text.
function(expect_clang_tidy accepts message name text)
    file(REMOVE_RECURSE ${SCRATCH})
    configure_file(${ROOT}/.clang-tidy ${SCRATCH}/.clang-tidy COPYONLY)
    foreach(header include/casement/ours.hpp impl/near.hpp elsewhere/theirs.hpp)
        file(WRITE ${SCRATCH}/${header} "#pragma once\n")
        string(APPEND includes "#include \"../${header}\"\n")
    endforeach()
    file(WRITE ${SCRATCH}/impl/good.cpp "${includes}")
    file(APPEND ${SCRATCH}/${name} "${text}")
    file(WRITE ${SCRATCH}/compile_commands.json "[{\"directory\": \"${SCRATCH}\",
        \"command\": \"g++ -Wno-restrict -Wno-maybe-uninitialized -c impl/good.cpp\",
        \"file\": \"${SCRATCH}/impl/good.cpp\"}]")
    execute_process(COMMAND ${CMAKE_COMMAND} -DRUN_CLANG_TIDY=${RUN_CLANG_TIDY} -DROOT=${SCRATCH}
        -DBUILD=${SCRATCH} -P ${CMAKE_CURRENT_LIST_DIR}/clang_tidy.cmake
        RESULT_VARIABLE failed ERROR_VARIABLE report)
    if(accepts AND failed)
        message(FATAL_ERROR "${name} was refused: ${report}")
    elseif(NOT accepts AND NOT (failed AND report MATCHES "${message}"))
        message(FATAL_ERROR "${name} was accepted, or refused for something else: ${report}")
    endif()
endfunction()

expect_clang_tidy(YES "" impl/good.cpp "int* clean() { return nullptr;}\n")
foreach(file impl/good.cpp impl/near.hpp include/casement/ours.hpp)
    expect_clang_tidy(NO "modernize-use-nullptr" ${file} "${finding}")
endforeach()
expect_clang_tidy(YES "" elsewhere/theirs.hpp "${finding}")
expect_clang_tidy(NO "not every source" impl/unlisted.cpp "int listed_nowhere();\n")
