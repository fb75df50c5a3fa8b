# The functions that every folder's CMakeLists.txt is written with. A folder's file is a few lines:
#
#   hy_library(hy_base SOURCES arena.c money.c DEPS dep::sodium)
#   hy_unit_test(test_money SOURCES money_test.c DEPS hy_base)
#
# hy_library(NAME SOURCES file... [DEPS target...])
#     A static library, build/<preset>/lib/libNAME.a. DEPS are public: who links NAME gets them too. DEPS are our own target names
#     (hy_base, hy_proto, …) or dep::NAME from Dependencies.cmake. A header-only library leaves SOURCES out.
#
# hy_executable(NAME SOURCES file... [DEPS target...])
#     A program, build/<preset>/bin/NAME.
#
# hy_service(NAME SOURCES file... [DEPS target...])
#     hy_executable with what each service wants besides: mimalloc (not under sanitizers), libsystemd, threads.
#
# hy_proto(NAME file.proto...)
#     C code from the .proto files of the calling folder, generated when built into build/<preset>/gen, so that
#     #include "proto/points.pb-c.h" works. Built without our warnings; the generated headers count as SYSTEM headers.
#     The files import each other from the repository root: import "proto/common.proto";
#     Hand-written C beside them goes into a hy_library of its own.
#
# hy_unit_test(NAME SOURCES file... [DEPS target...] [DATA folder])
#     A Criterion test program, run by ctest with the label `unit`, at most 120 s.
#     Runs with the repository root as working directory; without DATA that is where golden files are found.
#
# hy_test(NAME LABEL label SOURCES file... [DEPS target...] [ARGS arg...] [TIMEOUT seconds])
#     A test program with its own main (a simulation, a fuzz corpus run), run by ctest with that label.
#
# hy_fuzz(NAME SOURCES file... [DEPS target...])
#     A fuzz target, LLVMFuzzerTestOneInput in one of the files. With the preset `fuzz` a program of libFuzzer,
#     build/fuzz/fuzz/NAME, part of the target `fuzz`; with any other a unit test that replays the target's files,
#     corpus/NAME and regressions/NAME of the calling folder.

set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(HY_GENERATED_DIR ${PROJECT_BINARY_DIR}/gen)
file(MAKE_DIRECTORY ${HY_GENERATED_DIR})
# Only has an effect on programs built with sanitizers. What others leak (Criterion does) is listed in lsan.supp.
set(HY_SANITIZER_ENVIRONMENT
  "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/cmake/lsan.supp:print_suppressions=0"
  "UBSAN_OPTIONS=print_stacktrace=1")

# A misspelt keyword would silently drop sources; stop instead.
macro(hy_check_arguments function)
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "${function}(${name}): unexpected ${ARG_UNPARSED_ARGUMENTS}")
  endif()
endmacro()

function(hy_library name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES;DEPS")
  hy_check_arguments(hy_library)
  if(ARG_SOURCES)
    add_library(${name} STATIC ${ARG_SOURCES})
    target_link_libraries(${name} PRIVATE hy_flags PUBLIC hy_flags_base ${ARG_DEPS})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE hy_flags_base ${ARG_DEPS})
  endif()
endfunction()

function(hy_executable name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES;DEPS")
  hy_check_arguments(hy_executable)
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE hy_flags ${ARG_DEPS})
endfunction()

function(hy_service name)
  hy_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE hy_heap dep::systemd dep::threads)
endfunction()

# protoc-c is the same generator without the need for a second package; `protoc --c_out` is what newer releases keep.
find_program(HY_PROTOC NAMES protoc-c protoc REQUIRED)

function(hy_proto name)
  set(generated)
  foreach(file IN LISTS ARGN)
    file(RELATIVE_PATH path ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    string(REGEX REPLACE "\\.proto$" ".pb-c" stem ${path})
    add_custom_command(
      OUTPUT ${HY_GENERATED_DIR}/${stem}.c ${HY_GENERATED_DIR}/${stem}.h
      COMMAND ${HY_PROTOC} --c_out=${HY_GENERATED_DIR} -I ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/${path}
      DEPENDS ${ARGN}
      COMMENT "Generating ${stem}.c"
      VERBATIM)
    list(APPEND generated ${HY_GENERATED_DIR}/${stem}.c ${HY_GENERATED_DIR}/${stem}.h)
  endforeach()
  add_library(${name} STATIC ${generated})
  target_link_libraries(${name} PUBLIC hy_flags_base dep::protobuf-c)
  target_compile_options(${name} PRIVATE -w)
  target_include_directories(${name} SYSTEM PUBLIC ${HY_GENERATED_DIR})
endfunction()

function(hy_unit_test name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "DATA" "SOURCES;DEPS")
  hy_check_arguments(hy_unit_test)
  if(NOT ARG_DATA)
    set(ARG_DATA ${PROJECT_SOURCE_DIR})
  endif()
  hy_executable(${name} SOURCES ${ARG_SOURCES} DEPS ${ARG_DEPS} dep::criterion)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${ARG_DATA})
  set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 120)
  # Criterion's own count of the tests inside the program, for the sum at the end of `./dev test`.
  set_property(TEST ${name} PROPERTY ENVIRONMENT
    "CRITERION_OUTPUTS=xml:${PROJECT_BINARY_DIR}/tests/${name}.xml" "${HY_SANITIZER_ENVIRONMENT}")
endfunction()

function(hy_test name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "LABEL;TIMEOUT" "SOURCES;DEPS;ARGS")
  hy_check_arguments(hy_test)
  if(NOT ARG_LABEL)
    message(FATAL_ERROR "hy_test(${name}): LABEL is missing")
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  hy_executable(${name} SOURCES ${ARG_SOURCES} DEPS ${ARG_DEPS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name} ${ARG_ARGS} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT})
  set_property(TEST ${name} PROPERTY ENVIRONMENT "${HY_SANITIZER_ENVIRONMENT}")
endfunction()

function(hy_fuzz name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES;DEPS")
  hy_check_arguments(hy_fuzz)
  if(NOT HY_FUZZ)
    file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
    hy_test(fuzz_${name} LABEL unit SOURCES ${ARG_SOURCES} DEPS hy_fuzz_replay ${ARG_DEPS}
            ARGS ${folder}/corpus/${name} ${folder}/regressions/${name})
    return()
  endif()
  hy_executable(fuzz_${name} SOURCES ${ARG_SOURCES} DEPS ${ARG_DEPS})
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  set_target_properties(fuzz_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
  if(NOT TARGET fuzz)
    add_custom_target(fuzz)
  endif()
  add_dependencies(fuzz fuzz_${name})
endfunction()
