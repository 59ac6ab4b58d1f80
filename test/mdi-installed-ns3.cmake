# SPDX-License-Identifier: GPL-2.0-only
# For the CMake of an ns-3 tree, as CMAKE_PROJECT_NS3_INCLUDE: its modules are those of an installed ns-3
# of the same version, which saves most of the time. Without those that MPI changes.

set(mdi_from_source mpi point-to-point mdi)

function(mdi_take_installed_modules)
  set(empty ${PROJECT_SOURCE_DIR}/build-support/empty.cc)
  set_property(TARGET ${libtest} PROPERTY SOURCES ${empty}) # ns-3's tests of itself
  set(modules ${ns3-all-enabled-modules})
  list(REMOVE_ITEM modules ${mdi_from_source} test)
  foreach(module ${modules})
    find_library(MDI_INSTALLED_${module} ns3-${module} REQUIRED)
    set_property(TARGET ${lib${module}-obj} PROPERTY SOURCES ${empty})
    set_property(TARGET ${lib${module}} APPEND PROPERTY INTERFACE_LINK_LIBRARIES ${MDI_INSTALLED_${module}})
  endforeach()
endfunction()

cmake_language(DEFER CALL mdi_take_installed_modules)
