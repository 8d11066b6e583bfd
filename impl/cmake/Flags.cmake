# Warnings are errors here and nowhere else: they never reach those who include the headers.
add_library(casement_flags INTERFACE)
target_compile_options(casement_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror)
# g++ 12 sees overlaps and uninitialised optionals in libstdc++'s own inlined code.
target_compile_options(casement_flags INTERFACE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow
        -Wno-missing-field-initializers -Wno-array-bounds -Wno-stringop-overread>
    $<$<CXX_COMPILER_ID:Clang>:-Wno-missing-field-initializers>)

# Several files as one take up to 4 GB of memory to compile: no more of them at once than there is.
if(CMAKE_UNITY_BUILD AND PROJECT_IS_TOP_LEVEL)
    cmake_host_system_information(RESULT megabytes QUERY TOTAL_PHYSICAL_MEMORY)
    math(EXPR at_once "(${megabytes} + 3999) / 4000")
    set_property(GLOBAL APPEND PROPERTY JOB_POOLS casement_compile=${at_once})
    set(CMAKE_JOB_POOL_COMPILE casement_compile)
endif()

if(CASEMENT_SANITIZE)
    add_compile_options(-fsanitize=${CASEMENT_SANITIZE} -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${CASEMENT_SANITIZE})
    if(CASEMENT_SANITIZE MATCHES undefined)
        add_compile_options(-fno-sanitize-recover=undefined)
    endif()
    include(CheckLinkerFlag)  # GNU's takes five times as long, and there are a hundred programs
    check_linker_flag(CXX -fuse-ld=lld CASEMENT_LLD)
    if(CASEMENT_LLD)
        add_link_options(-fuse-ld=lld)
    endif()
endif()
