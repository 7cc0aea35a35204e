# board_firmware(<name> <model> [folder]): the firmware <name>.elf for an MPS2 board, of main.c and the library <model> in a folder,
# by default expected/.
function(board_firmware name model)
  set(board ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
  set(generated ${CMAKE_CURRENT_SOURCE_DIR}/expected)
  if(ARGC GREATER 2)
    set(generated ${ARGV2})
  endif()
  add_subdirectory(${generated} ${model})
  add_executable(${name} main.c ${board}/print.c ${board}/mps2.c ${generated}/startup.c)
  set_target_properties(${name} PROPERTIES
    C_STANDARD 99
    C_STANDARD_REQUIRED ON
    SUFFIX .elf
    LINK_DEPENDS ${generated}/linker.ld)
  target_compile_options(${name} PRIVATE -O2 -ffunction-sections -Wall -Wextra -Wconversion -Wshadow -Wpedantic)
  target_include_directories(${name} PRIVATE ${board})
  target_link_libraries(${name} PRIVATE ${model})
  target_link_options(${name} PRIVATE
    -T ${generated}/linker.ld -nostartfiles -specs=nano.specs -specs=nosys.specs -Wl,--gc-sections)
endfunction()
