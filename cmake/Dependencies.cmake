# Everything from outside, under one name each: link `dep::NAME`, never a bare -l flag.
#
#   dep::rdkafka   dep::hiredis   dep::protobuf-c   dep::microhttpd   dep::sodium   dep::jansson
#   dep::yaml      dep::glib      dep::curl         dep::criterion    dep::mimalloc dep::systemd
#   dep::xxhash    dep::crypto dep::threads  dep::math
#
# All of them are Debian 12 packages; `./dev setup` installs them.

find_package(PkgConfig REQUIRED)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

# hy_dependency(NAME PKG_CONFIG_MODULE): one pkg-config module, headers as SYSTEM so that their warnings are not ours.
function(hy_dependency name module)
  pkg_check_modules(${name} REQUIRED QUIET IMPORTED_TARGET GLOBAL ${module})
  add_library(dep::${name} ALIAS PkgConfig::${name})
  message(STATUS "found ${module} ${${name}_VERSION}")
endfunction()

hy_dependency(rdkafka rdkafka)
hy_dependency(hiredis hiredis)
hy_dependency(protobuf-c libprotobuf-c)
hy_dependency(microhttpd libmicrohttpd)
hy_dependency(sodium libsodium)
hy_dependency(xxhash libxxhash)
hy_dependency(crypto libcrypto)
hy_dependency(jansson jansson)
hy_dependency(yaml yaml-0.1)
hy_dependency(glib glib-2.0) # only for time zones: common/io/zone.c
hy_dependency(curl libcurl)
hy_dependency(systemd libsystemd)
hy_dependency(criterion criterion)

add_library(dep::threads ALIAS Threads::Threads)

add_library(hy_dep_math INTERFACE)
target_link_libraries(hy_dep_math INTERFACE m)
add_library(dep::math ALIAS hy_dep_math)

# mimalloc replaces malloc of the whole process, librdkafka's included. Nothing calls it by name, so the linker would drop it as unneeded.
# A sanitizer brings its own malloc, so there it stays out.
add_library(hy_dep_mimalloc INTERFACE)
if(NOT HY_SANITIZE)
  find_library(HY_MIMALLOC_LIBRARY mimalloc REQUIRED)
  target_compile_definitions(hy_dep_mimalloc INTERFACE HY_MIMALLOC)
  target_link_libraries(hy_dep_mimalloc INTERFACE
    -Wl,--push-state,--no-as-needed ${HY_MIMALLOC_LIBRARY} -Wl,--pop-state)
endif()
add_library(dep::mimalloc ALIAS hy_dep_mimalloc)
