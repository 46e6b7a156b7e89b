// The plugin of clock_often_code.
#include <x86intrin.h>

extern "C" unsigned long long plugin_counter() { return __rdtsc(); }

/// As plugin_data, but for the first two bytes.
asm(R"(
.text
.balign 4096
.globl plugin_text
.type plugin_text, @function
plugin_text:
  nop
  nop
  shl $32, %rdx
  or %rdx, %rax
  ret
.size plugin_text, . - plugin_text
.balign 4096
)");

/// A page of data that begins with the code of clock_often_code.
extern "C" [[gnu::used]] alignas(4096) const
    unsigned char plugin_data[4096] = {0x0f, 0x31, 0x48, 0xc1, 0xe2, 0x20, 0x48, 0x09, 0xd0, 0xc3};
