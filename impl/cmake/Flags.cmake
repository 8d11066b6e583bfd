# Warnings are errors here and nowhere else: they never reach those who include the headers.
add_library(casement_flags INTERFACE)
target_compile_options(casement_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror)
# g++ 12 sees overlaps and uninitialised optionals in libstdc++'s own inlined code.
target_compile_options(casement_flags INTERFACE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-maybe-uninitialized -Wno-stringop-overflow
        -Wno-missing-field-initializers -Wno-array-bounds -Wno-stringop-overread>
    $<$<CXX_COMPILER_ID:Clang>:-Wno-missing-field-initializers>)

if(CASEMENT_SANITIZE)
    add_compile_options(-fsanitize=${CASEMENT_SANITIZE} -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${CASEMENT_SANITIZE})
    if(CASEMENT_SANITIZE MATCHES undefined)
        add_compile_options(-fno-sanitize-recover=undefined)
    endif()
endif()
