# cmake -DCLANG_FORMAT=... -DROOT=... -P format.cmake: is every C++ source as clang-format leaves
# it? What must not compile is left out: its first line is a message, however long.
cmake_minimum_required(VERSION 3.25)
file(GLOB_RECURSE sources RELATIVE ${ROOT} ${ROOT}/*.hpp ${ROOT}/*.cpp)
list(FILTER sources EXCLUDE REGEX "^\\.|/\\.|^tests/fail/")
execute_process(COMMAND ${CLANG_FORMAT} --dry-run -Werror ${sources}
    WORKING_DIRECTORY ${ROOT} RESULT_VARIABLE failed ERROR_VARIABLE report)
if(failed)
    message(FATAL_ERROR "${report}")
endif()
