# What our own code is compiled with. Generated code takes hy_flags_base only (see hy_proto in Targets.cmake).

option(HY_WERROR "Warnings in our own code stop the build" ON)
set(HY_SANITIZE "" CACHE STRING "Sanitizers for the whole build, for example address,undefined")

option(HY_FUZZ "tests/fuzz becomes programs of libFuzzer, which is clang's; otherwise they replay their files" OFF)

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_INTERPROCEDURAL_OPTIMIZATION OFF)

# Assertions stay on in release builds: a wrong balance costs more than the branch.
if(HY_SANITIZE)
  set(CMAKE_C_FLAGS_DEBUG "-O1 -g")
else()
  set(CMAKE_C_FLAGS_DEBUG "-O0 -g3")
endif()
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")

add_library(hy_flags_base INTERFACE)
target_compile_definitions(hy_flags_base INTERFACE _GNU_SOURCE)
target_compile_options(hy_flags_base INTERFACE -fno-omit-frame-pointer -fstack-protector-strong)
# Headers are written from the root: #include "common/base/arena.h"
target_include_directories(hy_flags_base INTERFACE ${PROJECT_SOURCE_DIR})

if(HY_SANITIZE)
  target_compile_options(hy_flags_base INTERFACE -fsanitize=${HY_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(hy_flags_base INTERFACE -fsanitize=${HY_SANITIZE} -fno-sanitize-recover=all)
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(hy_flags_base INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()

if(HY_FUZZ)
  target_compile_options(hy_flags_base INTERFACE -fsanitize=fuzzer-no-link)
endif()

add_library(hy_flags INTERFACE)
target_link_libraries(hy_flags INTERFACE hy_flags_base)
target_compile_options(hy_flags INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
  $<$<BOOL:${HY_WERROR}>:-Werror>)
