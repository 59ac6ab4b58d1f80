# SPDX-License-Identifier: GPL-2.0-only
# The module as contrib/mdi of an ns-3 tree (doc/in-tree.rst): one library, with LibTorch where it is
# installed, the programs of examples/, and the checks of test/ as ns-3's test suite mdi.

get_filename_component(mdi_folder ${CMAKE_CURRENT_SOURCE_DIR} NAME)
if(NOT mdi_folder STREQUAL mdi)
  message(FATAL_ERROR "mdi: the folder must be called contrib/mdi, but is contrib/${mdi_folder}")
endif()
include(helper/mdi-dependencies.cmake)

# LTE, and what it needs, is a fifth of ns-3: CMakeLists.txt does not ask for it.
if(lte IN_LIST ns3-all-enabled-modules)
  set(mdi_cell_files ${mdi_lte_source_files})
  list(APPEND mdi_tree_libraries ${liblte})
else()
  message(STATUS "mdi: no LTE cells, ns-3's module lte is not enabled")
  set(mdi_cell_files ${mdi_no_lte_source_files})
  set(mdi_lte_test_files)
endif()

set(mdi_suite_files)
if(ENABLE_TESTS)
  find_package(GTest QUIET)
  if(GTest_FOUND)
    set(mdi_suite_files ${mdi_tree_test_files} ${mdi_test_files} ${mdi_lte_test_files})
    if(Torch_FOUND)
      list(APPEND mdi_suite_files ${mdi_torch_test_files})
    endif()
  else()
    message(STATUS "mdi: no test suite, GoogleTest was not found (Debian: apt install libgtest-dev)")
  endif()
endif()

set(mdi_headers_precompiled)
if(Torch_FOUND)
  set(mdi_headers_precompiled IGNORE_PCH) # LibTorch's flags are not those of ns-3's precompiled headers
endif()
build_lib(
  LIBNAME mdi
  SOURCE_FILES ${mdi_source_files} ${mdi_cell_files} ${mdi_torch_files}
  HEADER_FILES ${mdi_header_files}
  LIBRARIES_TO_LINK ${mdi_tree_libraries}
  TEST_SOURCES ${mdi_suite_files}
  ${mdi_headers_precompiled}
)

# Up to 3.42 the files are compiled in a target beside that of the library, and targets begin with lib.
set(mdi_compiled ${libmdi})
if(TARGET ${libmdi}-obj)
  set(mdi_compiled ${libmdi}-obj)
endif()

# ns-3's folder of headers stays out of the path, for it has a string.h; and imported targets stay
# out of the libraries that build_lib knows, for other modules would look for them in vain.
set(mdi_rooms)
foreach(header ${mdi_header_files})
  get_filename_component(room ${header} DIRECTORY)
  list(APPEND mdi_rooms ${CMAKE_CURRENT_SOURCE_DIR}/${room})
endforeach()
list(REMOVE_DUPLICATES mdi_rooms)
get_target_property(mdi_json_dir nlohmann_json::nlohmann_json INTERFACE_INCLUDE_DIRECTORIES)
foreach(target ${mdi_compiled} ${libmdi})
  target_include_directories(${target} PUBLIC "$<BUILD_INTERFACE:${mdi_rooms}>")
  target_include_directories(${target} SYSTEM PUBLIC ${mdi_json_dir} PRIVATE ${SQLite3_INCLUDE_DIRS})
endforeach()
mdi_use_lpsolve(${mdi_compiled})
mdi_use_lpsolve(${libmdi})
target_link_libraries(${libmdi} PRIVATE ${mdi_lpsolve_libraries} ${SQLite3_LIBRARIES} ${CMAKE_DL_LIBS})
if(Torch_FOUND)
  mdi_use_torch(${mdi_compiled})
  target_link_libraries(${mdi_compiled} PRIVATE ${TORCH_LIBRARIES})
  if(TARGET ${libmdi}-obj)
    target_link_libraries(${libmdi} PRIVATE ${TORCH_LIBRARIES})
  endif()
  target_link_libraries(${libmdi} PRIVATE ${MDI_STB_LIBRARY})
endif()

if(ENABLE_MPI)
  target_include_directories(${mdi_compiled} SYSTEM PRIVATE ${MPI_CXX_INCLUDE_DIRS})
  target_link_libraries(${libmdi} PRIVATE ${MPI_CXX_LIBRARIES})
endif()

file(STRINGS VERSION mdi_version LIMIT_COUNT 1)
file(STRINGS ${PROJECT_SOURCE_DIR}/VERSION mdi_ns3_version LIMIT_COUNT 1)
target_compile_definitions(${mdi_compiled} PRIVATE MDI_VERSION="${mdi_version}"
  MDI_NS3_VERSION="${mdi_ns3_version}" MDI_MODULE_DIR="${CMAKE_CURRENT_SOURCE_DIR}")

if(TARGET ${libmdi}-test)
  target_link_libraries(${libmdi}-test GTest::gtest)
  target_compile_definitions(${libmdi}-test PRIVATE MDI_SOURCE_DIR="${CMAKE_CURRENT_SOURCE_DIR}")
endif()
