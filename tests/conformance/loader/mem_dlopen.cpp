// A plugin that uses rdrand is loaded, called and unloaded, twice.
#include <dlfcn.h>

#include <string>

#include "observe.h"

int main(int argc, char** argv) {
  OBSERVE(argc == 2);
  for (int round = 0; round < 2; ++round) {
    void* plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!plugin) std::puts(dlerror());
    OBSERVE(plugin != nullptr);
    auto* at_load = reinterpret_cast<unsigned long long (*)()>(dlsym(plugin, "plugin_at_load"));
    auto* draw = reinterpret_cast<unsigned long long (*)()>(dlsym(plugin, "plugin_draw"));
    OBSERVE(at_load && draw);
    std::printf("%llx %llx %llx\n", at_load(), draw(), draw());
    OBSERVE(dlclose(plugin) == 0);
    OBSERVE(dlopen(argv[1], RTLD_NOW | RTLD_NOLOAD) == nullptr);
  }
  OBSERVE(dlopen("/nonexistent/plugin.so", RTLD_NOW) == nullptr);
  std::puts(dlerror());
}
