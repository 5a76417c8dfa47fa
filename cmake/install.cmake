# A prefix that runs wherever it is moved to, without the source tree. libvips stays the system's; of
# OpenVINO goes along what a run on this kind of processor uses, about half of the wheel.
set_target_properties(acuity PROPERTIES INSTALL_RPATH "$ORIGIN/../lib")
set_target_properties(acuity_core PROPERTIES INSTALL_RPATH "$ORIGIN/acuity")
install(TARGETS acuity RUNTIME DESTINATION bin)
install(TARGETS acuity_core LIBRARY DESTINATION lib)
install(DIRECTORY include/acuity DESTINATION include)
install(DIRECTORY models/ DESTINATION share/acuity/models)
install(FILES LICENSE DESTINATION share/doc/acuity)

get_target_property(openvino_library openvino::runtime LOCATION)
get_filename_component(openvino_libraries ${openvino_library} DIRECTORY)

# OpenVINO looks for its plug-ins and front ends beside its core. The IR front end reads the cache of
# compiled models; tbbbind and hwloc pin threads on processors with several kinds of core.
install(DIRECTORY ${openvino_libraries}/ DESTINATION lib/acuity FILES_MATCHING
        PATTERN "libopenvino.so.*"
        PATTERN "libopenvino_*_cpu_plugin.so"
        PATTERN "libopenvino_onnx_frontend.so.*"
        PATTERN "libopenvino_ir_frontend.so.*"
        PATTERN "libtbb.so.*"
        PATTERN "libtbbbind*.so.*"
        PATTERN "libtbbmalloc.so.*"
        PATTERN "libhwloc.so.*")

# For Intel graphics: cmake --install build/release --prefix P --component gpu
install(DIRECTORY ${openvino_libraries}/ DESTINATION lib/acuity COMPONENT gpu EXCLUDE_FROM_ALL
        FILES_MATCHING PATTERN "libopenvino_intel_gpu_plugin.so" PATTERN "cache.json")

# Whoever hands the libraries on hands their licences on.
file(GLOB openvino_licences ${CMAKE_SOURCE_DIR}/.deps/openvino/openvino-*.dist-info/licenses)
if(openvino_licences)
  install(DIRECTORY ${openvino_licences}/ DESTINATION share/doc/acuity/openvino)
endif()
