// Maps tick plans over everything loaded in the process that it is preloaded into. The stubs lie
// 1 GiB before each image: ld.so leaves no room nearer. tick_run.cpp answers due stops.
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "harness.h"
#include "rewrite/tick_plan_cache.h"

using namespace ttrace;

namespace {

struct State {
  TickPlanCache relative;
  TickPlanCache absolute;
};
State* state;

void map(const PlanSegment& segment, std::uint64_t bias, int fd) {
  if (segment.length == 0) return;
  void* at = reinterpret_cast<void*>(segment.address + bias);
  if (::mmap(at, segment.length, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd,
             off_t(segment.plan_offset)) != at)
    std::perror("tick_preload: mmap"), ::_exit(99);
}

int patch(dl_phdr_info* info, std::size_t, void*) {
  Shared& shared = *reinterpret_cast<Shared*>(kSharedAddress);
  const char* name = info->dlpi_name[0] ? info->dlpi_name : "/proc/self/exe";
  if (std::strstr(name, "tick_preload") || std::strstr(name, "vdso")) return 0;
  for (std::uint64_t i = 0; i < shared.count; ++i)
    if (shared.objects[i].headers == std::uint64_t(info->dlpi_phdr)) return 0;
  const Fd fd(::open(name, O_RDONLY | O_CLOEXEC));
  if (!fd || shared.count == kMostObjects) return 0;
  const bool fixed = info->dlpi_addr == 0;
  const auto& entry = (fixed ? state->absolute : state->relative).plan_of(fd.value());
  if (!entry.plan) return 0;
  SharedObject& object = shared.objects[shared.count];
  object.headers = std::uint64_t(info->dlpi_phdr);
  object.bias = info->dlpi_addr;
  object.begin = entry.plan->stubs().address + object.bias;
  object.end = object.begin + entry.plan->stubs().length;
  const std::string link = "/proc/self/fd/" + std::to_string(entry.plan->fd());
  ::readlink(link.c_str(), object.path, sizeof object.path - 1);
  ++shared.count;
  map(entry.plan->stubs(), object.bias, entry.plan->fd());
  for (const PlanSegment& segment : entry.plan->segments())
    map(segment, object.bias, entry.plan->fd());
  return 0;
}

void patch_all() {
  Shared& shared = *reinterpret_cast<Shared*>(kSharedAddress);
  auto& counter = *reinterpret_cast<volatile std::uint64_t*>(0x70001000);
  const std::uint64_t before = counter;
  counter = std::uint64_t(1) << 62;  // what the harness itself does is no part of the program
  dl_iterate_phdr(patch, nullptr);
  counter = before;
  shared.ready = 1;
}

__attribute__((constructor)) void start() {
  const char* cache = std::getenv("TICK_CACHE");
  if (!cache) return;
  void* at = reinterpret_cast<void*>(kSharedAddress);
  if (::mmap(at, kSharedSize, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != at)
    std::perror("tick_preload: counter"), ::_exit(99);
  PlanOptions before;
  before.address = -(std::uint64_t(1) << 30);
  before.sites = false;  // nobody is here to emulate them
  PlanOptions fixed;
  fixed.sites = false;
  fixed.sparse = before.sparse = !std::getenv("TICK_NO_SPARSE");
  state = new State{TickPlanCache(cache, before), TickPlanCache(cache, fixed)};
  *reinterpret_cast<volatile std::uint64_t*>(0x70001000) = std::uint64_t(1) << 62;
  patch_all();
  if (std::getenv("TICK_RUN")) asm volatile("int3");  // tick_run arms the counter
}

__attribute__((destructor)) void finish() {
  if (state && std::getenv("TICK_PRINT"))
    std::fprintf(stderr, "ticks %lu\n",
                 (std::uint64_t(1) << 62) - *reinterpret_cast<std::uint64_t*>(0x70001000));
}

}  // namespace

extern "C" void* dlopen(const char* name, int flags) {
  static auto* real = reinterpret_cast<void* (*)(const char*, int)>(dlsym(RTLD_NEXT, "dlopen"));
  void* handle = real(name, flags);
  if (handle && state && !std::getenv("TICK_NO_DLOPEN")) patch_all();
  return handle;
}
