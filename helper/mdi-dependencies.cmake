# SPDX-License-Identifier: GPL-2.0-only
# What the module needs beside ns-3, for both builds: in its own folder and in an ns-3 tree.
# Sets the variables of the packages, mdi_lpsolve_libraries, mdi_torch_files and mdi_has_torch.

set(MDI_TORCH AUTO CACHE STRING "Run real layers with LibTorch: AUTO, ON or OFF")
set_property(CACHE MDI_TORCH PROPERTY STRINGS AUTO ON OFF)

set(mdi_missing)
set(mdi_missing_packages)
macro(mdi_is_missing what package)
  list(APPEND mdi_missing "${what}")
  list(APPEND mdi_missing_packages ${package})
endmacro()

find_package(nlohmann_json QUIET)
if(NOT nlohmann_json_FOUND)
  mdi_is_missing("nlohmann_json" nlohmann-json3-dev)
endif()

find_package(SQLite3 QUIET) # results of sweeps
if(NOT SQLite3_FOUND)
  mdi_is_missing("SQLite 3" libsqlite3-dev)
endif()

# Linear programs. Debian has it as archives only, the one for shared libraries is ..._pic.a.
find_path(MDI_LPSOLVE_DIR lpsolve/lp_lib.h DOC "header of lp_solve")
find_library(MDI_LPSOLVE_LIBRARY NAMES lpsolve55_pic lpsolve55 PATH_SUFFIXES lp_solve DOC "lp_solve")
if(NOT MDI_LPSOLVE_DIR OR NOT MDI_LPSOLVE_LIBRARY)
  mdi_is_missing("lp_solve 5.5" liblpsolve55-dev)
endif()
set(mdi_lpsolve_libraries ${MDI_LPSOLVE_LIBRARY} ${CMAKE_DL_LIBS})
if(MDI_LPSOLVE_LIBRARY MATCHES "\\.a$")
  find_library(MDI_COLAMD_LIBRARY colamd DOC "for lp_solve")
  if(NOT MDI_COLAMD_LIBRARY)
    mdi_is_missing("colamd, for lp_solve" libsuitesparse-dev)
  endif()
  list(APPEND mdi_lpsolve_libraries ${MDI_COLAMD_LIBRARY})
endif()

if(NOT MDI_TORCH STREQUAL OFF)
  find_package(Torch QUIET)
  if(Torch_FOUND)
    find_library(MDI_STB_LIBRARY stb DOC "decodes pictures")
    if(NOT MDI_STB_LIBRARY)
      mdi_is_missing("stb, to read pictures" libstb-dev)
    endif()
    find_path(MDI_CUDA_EVENT_DIR ATen/cuda/CUDAEvent.h PATHS ${TORCH_INCLUDE_DIRS})
  elseif(MDI_TORCH STREQUAL ON)
    mdi_is_missing("LibTorch (MDI_TORCH=ON)" libtorch-dev)
  endif()
endif()

if(mdi_missing)
  list(JOIN mdi_missing ", " mdi_missing)
  list(JOIN mdi_missing_packages " " mdi_missing_packages)
  message(FATAL_ERROR "mdi: not found: ${mdi_missing}. Debian: apt install ${mdi_missing_packages}")
endif()

if(Torch_FOUND)
  message(STATUS "mdi: real layers with LibTorch ${Torch_VERSION}")
  set(mdi_has_torch ON)
  set(mdi_torch_files ${mdi_torch_source_files})
else()
  message(STATUS "mdi: sizes only, LibTorch was not found or is off (Debian: apt install libtorch-dev)")
  set(mdi_has_torch OFF)
  set(mdi_torch_files ${mdi_no_torch_source_files})
endif()

# lp_solve in a target of ours. The functions of an archive have names such as solve(): they stay inside.
function(mdi_use_lpsolve target)
  target_include_directories(${target} SYSTEM PRIVATE ${MDI_LPSOLVE_DIR})
  if(MDI_LPSOLVE_LIBRARY MATCHES "\\.a$" AND NOT APPLE)
    get_filename_component(archive ${MDI_LPSOLVE_LIBRARY} NAME)
    target_link_options(${target} PRIVATE LINKER:--exclude-libs,${archive})
  endif()
endfunction()

# LibTorch in a target of ours, and in no other: its headers warn, and its flags are its own.
function(mdi_use_torch target)
  target_include_directories(${target} SYSTEM PRIVATE ${TORCH_INCLUDE_DIRS})
  if((TARGET torch_cuda OR TORCH_CUDA_LIBRARIES) AND MDI_CUDA_EVENT_DIR)
    set_source_files_properties(model/tensor/mdi-torch-clock.cc PROPERTIES COMPILE_DEFINITIONS MDI_TORCH_CUDA)
  endif()
endfunction()
