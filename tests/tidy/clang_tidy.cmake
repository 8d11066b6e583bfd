# cmake -DRUN_CLANG_TIDY=... -DROOT=... -DBUILD=... -P clang_tidy.cmake: does clang-tidy find
# nothing in the sources of impl, and in our headers that they include? BUILD has their compile
# commands.
cmake_minimum_required(VERSION 3.25)
file(GLOB_RECURSE sources ${ROOT}/impl/*.cpp)
if(NOT sources)
    message(FATAL_ERROR "no sources in ${ROOT}/impl")
endif()
# The commands may be g++'s, whose warnings and precompiled headers clang does not know.
execute_process(COMMAND ${RUN_CLANG_TIDY} -quiet -j 2 -p ${BUILD}
        -extra-arg=-Wno-unknown-warning-option -extra-arg=-Wno-ignored-gch "^${ROOT}/impl/.*[.]cpp$"
    WORKING_DIRECTORY ${ROOT} RESULT_VARIABLE failed
    OUTPUT_VARIABLE report ERROR_VARIABLE noise)
# What ran is counted, so that compile commands of another tree are not taken for a clean one.
list(LENGTH sources expected)
if(NOT report MATCHES "Running clang-tidy for ${expected} files")
    message(FATAL_ERROR "not every source of ${ROOT}/impl was checked:\n${report}${noise}")
elseif(failed)
    string(REGEX REPLACE "\n(\\[[ 0-9]+/[0-9]+\\][^\n]*|[0-9]+ warnings? generated[.])" "" report
        "${report}")
    message(FATAL_ERROR "${report}")
endif()
