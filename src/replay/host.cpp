#include "replay/host.h"

#include <elf.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "tracee/maps.h"
#include "tracee/signals_blocked.h"

namespace ttrace {
namespace {

/// The smallest program there is: an ELF header and one page, loaded at the gate page, whose code
/// is the gate's. It never gets to run anything else.
Bytes empty_program() {
  struct {
    Elf64_Ehdr header;
    Elf64_Phdr segment;
  } file{};
  static_assert(sizeof file <= 0x100);
  std::memcpy(file.header.e_ident, ELFMAG, SELFMAG);
  file.header.e_ident[EI_CLASS] = ELFCLASS64;
  file.header.e_ident[EI_DATA] = ELFDATA2LSB;
  file.header.e_ident[EI_VERSION] = EV_CURRENT;
  file.header.e_type = ET_EXEC;
  file.header.e_machine = EM_X86_64;
  file.header.e_version = EV_CURRENT;
  file.header.e_entry = kGateCode.value();
  file.header.e_phoff = sizeof(Elf64_Ehdr);
  file.header.e_ehsize = sizeof(Elf64_Ehdr);
  file.header.e_phentsize = sizeof(Elf64_Phdr);
  file.header.e_phnum = 1;
  file.segment.p_type = PT_LOAD;
  file.segment.p_flags = PF_R | PF_X;
  file.segment.p_vaddr = kGatePage.value();
  file.segment.p_filesz = kPageSize;
  file.segment.p_memsz = kPageSize;
  file.segment.p_align = kPageSize;
  Bytes image(kPageSize);
  std::memcpy(image.data(), &file, sizeof file);
  std::memcpy(image.data() + (kGateCode - kGatePage), kGateInstructions.data(),
              kGateInstructions.size());
  return image;
}

[[noreturn]] void become_host(int program, int go, int go_write) {
  char byte = 0;
  // Until it is seized it would outlive a supervisor that is killed: nobody else may hold the end
  // of the pipe that it waits for.
  close(go_write);
  setpgid(0, 0);  // a terminal's signals are not for it
  drop_pending_signals();
  if (read(go, &byte, 1) != 1) _exit(127);
  personality(ADDR_NO_RANDOMIZE);
  prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  char name[] = "ttrace-replay";
  char* const arguments[] = {name, nullptr};
  char* const environment[] = {nullptr};
  syscall(SYS_execveat, program, "", arguments, environment, AT_EMPTY_PATH);
  _exit(127);
}

}  // namespace

std::unique_ptr<HostProcess> HostProcess::create() {
  const Fd program(memfd_create("ttrace-replay", MFD_CLOEXEC));
  if (!program) throw_errno("memfd_create");
  const Bytes image = empty_program();
  if (write(program.value(), image.data(), image.size()) != ssize_t(image.size())) {
    throw_errno("write to a memfd");
  }
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("pipe");
  const Fd go_read(ends[0]);
  const Fd go_write(ends[1]);

  pid_t child = 0;
  {
    const SignalsBlocked blocked;
    child = ::fork();
    if (child == 0) become_host(program.value(), go_read.value(), go_write.value());
  }
  if (child < 0) throw_errno("fork");

  constexpr long kOptions =
      PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEEXEC;
  if (ptrace(PTRACE_SEIZE, child, nullptr, kOptions) != 0) {
    const int error = errno;
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    throw Error(std::string("ptrace is refused here (") + std::strerror(error) +
                "): in a container allow it (docker run --cap-add=SYS_PTRACE)");
  }
  (void)!write(go_write.value(), "", 1);
  const auto failed = [&]() -> Error {
    kill(child, SIGKILL);
    waitpid(child, nullptr, __WALL);
    return Error("the replay's host process could not be started");
  };
  StopStatus stop = understand(wait_for_stop(Tid(child)));
  if (stop.kind != StopStatus::Kind::event || stop.value != PTRACE_EVENT_EXEC) throw failed();
  Task(Tid(child)).resume(Resume::to_syscall);
  stop = understand(wait_for_stop(Tid(child)));
  if (stop.kind != StopStatus::Kind::syscall) throw failed();

  std::unique_ptr<HostProcess> host(new HostProcess(Pid(child)));
  host->unmap_all_but_gate();
  host->map_zero(kGateWritable, kPageSize, PROT_READ | PROT_WRITE);
  host->map_zero(kAgentCode, agent::kCodeSize, PROT_READ | PROT_EXEC);
  host->map_zero(kAgentData, agent::kDataSize, PROT_READ | PROT_WRITE);
  host->memory().write(kAgentCode, agent_code());
  host->memory().write(kGateWritable, bytes_of(agent::Head()));
  return host;
}

void HostProcess::unmap_all_but_gate() {
  for (const MapLine& line : read_maps(pid_)) {
    if (line.start == kGatePage || line.name == "[vsyscall]") continue;
    call(SYS_munmap, {line.start.value(), line.end - line.start, 0, 0, 0, 0});
  }
}

std::unique_ptr<HostProcess> HostProcess::fork() {
  // CLONE_PARENT: our child, not its copy's, so that no SIGCHLD reaches the original and its end is
  // reaped here.
  const std::int64_t child = call(SYS_clone, {CLONE_PARENT | SIGCHLD, 0, 0, 0, 0, 0});
  if (child < 0) throw SystemError("fork a host process", int(-child));
  wait_for_stop(Tid(pid_t(child)));  // PTRACE_EVENT_STOP
  std::unique_ptr<HostProcess> copy(new HostProcess(Pid(pid_t(child))));
  copy->opened_ = opened_;
  return copy;
}

std::uint64_t HostProcess::own_memory() const {
  std::ifstream rollup("/proc/" + std::to_string(pid_.value()) + "/smaps_rollup");
  std::uint64_t kilobytes = 0;
  for (std::string line; std::getline(rollup, line);) {
    if (line.starts_with("Private_Dirty:")) kilobytes = std::stoull(line.substr(14));
  }
  return kilobytes * 1024;
}

HostProcess::~HostProcess() {
  kill(pid_.value(), SIGKILL);
  while (waitpid(pid_.value(), nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

std::int64_t HostProcess::call(std::int64_t number, const std::array<std::uint64_t, 6>& args) {
  return inject(task(), InjectBy::step, number, args);
}

void HostProcess::map_zero(Address start, std::uint64_t length, int protection, int more) {
  const auto flags = std::uint64_t(MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED | more);
  const std::int64_t result =
      call(SYS_mmap, {start.value(), length, std::uint64_t(protection), flags, ~0ull, 0});
  if (result != std::int64_t(start.value())) {
    throw SystemError("map memory of the replay", int(-result));
  }
}

void HostProcess::map_file(Address start, std::uint64_t length, int protection, int file,
                           std::uint64_t offset) {
  int own = -1;
  for (const auto& [ours, theirs] : opened_) {
    if (ours == file) own = theirs;
  }
  if (own < 0) {
    own = open_ours(file, O_RDONLY);
    opened_.emplace_back(file, own);
  }
  const std::int64_t result = call(SYS_mmap, {start.value(), length, std::uint64_t(protection),
                                              MAP_PRIVATE | MAP_FIXED, std::uint64_t(own), offset});
  if (result != std::int64_t(start.value())) {
    throw SystemError("map a recorded file in the replay", int(-result));
  }
}

/// Opens what a descriptor of this process has open, in the host; its number there.
int HostProcess::open_ours(int file, int flags) {
  const std::string path = "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(file);
  memory_.write(kGateData, std::as_bytes(std::span(path.c_str(), path.size() + 1)));
  const std::int64_t own =
      call(SYS_openat, {std::uint64_t(AT_FDCWD), kGateData.value(), std::uint64_t(flags), 0, 0, 0});
  if (own < 0) throw SystemError("open a recorded file in the replay", int(-own));
  return int(own);
}

void HostProcess::map_memory(Address start, std::uint64_t length, int protection, int file,
                             std::uint64_t offset, bool shared) {
  const int own = open_ours(file, O_RDWR);
  const std::uint64_t flags = (shared ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED;
  const std::int64_t result = call(SYS_mmap, {start.value(), length, std::uint64_t(protection),
                                              flags, std::uint64_t(own), offset});
  call(SYS_close, {std::uint64_t(own), 0, 0, 0, 0, 0});
  if (result != std::int64_t(start.value())) {
    throw SystemError("map shared memory of the replay", int(-result));
  }
}

std::optional<StopStatus> HostProcess::run(Resume how, const std::atomic<bool>* interrupt,
                                           TickCounter* counter) {
  const auto resume = [&] { task().resume(counter != nullptr ? counter->prepare(how) : how); };
  resume();
  bool asked = false;
  for (;;) {
    int status = 0;
    const pid_t got = waitpid(pid_.value(), &status, __WALL);
    if (got < 0 && errno == EINTR) {
      if (!asked && interrupt != nullptr && interrupt->load()) {
        asked = ptrace(PTRACE_INTERRUPT, pid_.value(), nullptr, nullptr) == 0;
      }
      continue;
    }
    if (got < 0) throw_errno("waitpid");
    const StopStatus stop = understand(status);
    if (stop.kind == StopStatus::Kind::exited || stop.kind == StopStatus::Kind::killed) {
      throw Error("the replay's host process was killed from outside");
    }
    if (counter != nullptr && counter->absorbs(stop)) {
      resume();
      continue;
    }
    if (stop.kind == StopStatus::Kind::event && stop.value == PTRACE_EVENT_STOP) {
      if (asked) return {};
      resume();
      continue;
    }
    if (stop.kind == StopStatus::Kind::signal) {
      const siginfo_t info = task().signal_info();
      const bool overflow = counter != nullptr && counter->is_overflow(info);
      if (!is_fault(info) && !overflow) {
        // Sent from outside: nothing of the recording, whose signals are applied, not sent.
        resume();
        continue;
      }
    }
    return stop;
  }
}

}  // namespace ttrace
