# cmake -DFOLDER=web/dist -DAPI=docs/openapi.yaml -DTO=assets.cpp -P embed.cmake
# Writes a C++ file that holds the built page and the description of the server's interface.
file(GLOB files ${FOLDER}/*)
list(SORT files)
set(arrays "")
set(entries "")
set(count 0)
foreach(file ${files} ${API})
  get_filename_component(name ${file} NAME)
  get_filename_component(extension ${file} EXT)
  set(path "/${name}")
  if(extension STREQUAL ".html")
    set(type "text/html; charset=utf-8")
    set(path "/")
  elseif(extension STREQUAL ".js")
    set(type "text/javascript; charset=utf-8")
  elseif(extension STREQUAL ".css")
    set(type "text/css; charset=utf-8")
  elseif(extension STREQUAL ".svg")
    set(type "image/svg+xml")
  elseif(extension STREQUAL ".yaml")
    set(type "application/yaml")
    set(path "/api")
  else()
    set(type "text/plain; charset=utf-8")
  endif()
  file(READ ${file} bytes HEX)
  string(LENGTH "${bytes}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(APPEND arrays "const unsigned char a${count}[] = {${bytes}0};\n")
  string(APPEND entries "    {\"${path}\", \"${type}\", {reinterpret_cast<const char*>(a${count}), ${size}}},\n")
  math(EXPR count "${count} + 1")
endforeach()
file(WRITE ${TO} "#include \"server/page.h\"

namespace acuity::server {

namespace {
${arrays}}  // namespace

const Asset kAssets[] = {
${entries}};
const std::size_t kAssetCount = ${count};

}  // namespace acuity::server
")
