# What protoc makes of the engine's part of etcd's protocol, as sources of casement_etcd. Others
# that include it find it in CASEMENT_ETCD_PROTOCOL.
set(CASEMENT_ETCD_PROTOCOL ${CMAKE_CURRENT_BINARY_DIR}/etcd_protocol)
set(CASEMENT_ETCD_PROTOCOL ${CASEMENT_ETCD_PROTOCOL} PARENT_SCOPE)
file(MAKE_DIRECTORY ${CASEMENT_ETCD_PROTOCOL})
set(protos ${CMAKE_CURRENT_SOURCE_DIR}/engine/etcd_kv.proto
    ${CMAKE_CURRENT_SOURCE_DIR}/engine/etcd_rpc.proto)
set(generated)
foreach(name etcd_kv.pb etcd_rpc.pb etcd_rpc.grpc.pb)
    list(APPEND generated ${CASEMENT_ETCD_PROTOCOL}/${name}.cc)
    list(APPEND generated_headers ${CASEMENT_ETCD_PROTOCOL}/${name}.h)
endforeach()
add_custom_command(OUTPUT ${generated} ${generated_headers} VERBATIM DEPENDS ${protos}
    COMMAND protobuf::protoc -I ${CMAKE_CURRENT_SOURCE_DIR}/engine
        --cpp_out ${CASEMENT_ETCD_PROTOCOL} --grpc_out ${CASEMENT_ETCD_PROTOCOL}
        --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin> ${protos})
# Not our code: no warnings of it.
set_source_files_properties(${generated} PROPERTIES COMPILE_OPTIONS -w
    SKIP_UNITY_BUILD_INCLUSION ON)
target_sources(casement_etcd PRIVATE ${generated} ${generated_headers})
target_include_directories(casement_etcd SYSTEM PRIVATE
    $<BUILD_INTERFACE:${CASEMENT_ETCD_PROTOCOL}>)
