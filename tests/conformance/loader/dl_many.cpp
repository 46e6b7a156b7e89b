// Libraries that come and go: loaded lazily and at once, in another namespace, twice, by the name
// of a symbol; with constructors, thread-local variables and a thread that still runs in them.
#include <dlfcn.h>
#include <link.h>

#include <initializer_list>
#include <thread>

#include "observe.h"

namespace {
int libraries() {
  int count = 0;
  dl_iterate_phdr(
      [](dl_phdr_info*, size_t, void* data) {
        ++*static_cast<int*>(data);
        return 0;
      },
      &count);
  return count;
}
}  // namespace

int main(int, char** argv) {
  const int before = libraries();
  for (const int mode : {RTLD_LAZY, RTLD_NOW, RTLD_NOW | RTLD_GLOBAL, RTLD_LAZY | RTLD_DEEPBIND}) {
    void* library = dlopen(argv[1], mode);
    OBSERVE(library != nullptr);
    void* same = dlopen(argv[1], RTLD_NOW | RTLD_NOLOAD);
    std::printf("%d libraries more, the same: %d", libraries() - before, same == library);
    auto* work = reinterpret_cast<int (*)(int)>(dlsym(library, "plugin_work"));
    OBSERVE(work != nullptr);
    int results[2] = {work(1), 0};
    std::thread([&] { results[1] = work(2); }).join();
    std::printf(", works %d %d", results[0], results[1]);
    Dl_info info{};
    OBSERVE(dladdr(reinterpret_cast<void*>(work), &info) != 0);
    std::printf(" in %s\n", info.dli_sname);
    OBSERVE(dlclose(same) == 0 && dlclose(library) == 0);
  }
  std::printf("%d libraries more\n", libraries() - before);
  void* apart = dlmopen(LM_ID_NEWLM, argv[1], RTLD_NOW);
  if (apart != nullptr) {
    auto* work = reinterpret_cast<int (*)(int)>(dlsym(apart, "plugin_work"));
    std::printf("apart: %d\n", work(3));
    dlclose(apart);
  }
  OBSERVE(dlopen("/nowhere/lib.so", RTLD_NOW) == nullptr);
  std::printf("%d\n", dlerror() != nullptr);
  OBSERVE(dlsym(RTLD_DEFAULT, "no_such_symbol") == nullptr);
  std::printf("%d\n", dlsym(RTLD_NEXT, "printf") != nullptr);
}
