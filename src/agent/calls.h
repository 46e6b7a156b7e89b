#pragma once

#include <cstdint>

/// The system calls that the agent executes itself: none can wait for another task, and what each
/// writes is known from its arguments and result. Everything else takes the traced path.
namespace ttrace::agent {

enum class Extent : std::uint8_t {
  none,
  fixed,           ///< `size` bytes, if the pointer is not null
  result,          ///< as many bytes as the result says; argument `by` bounds it before the call
  result_times,    ///< likewise result x size
  argument_times,  ///< argument `by` x size
};

struct Output {
  std::uint8_t argument = 0;
  Extent extent = Extent::none;
  std::uint8_t by = 0;
  std::uint16_t size = 0;
};

/// What must be known of the descriptor in the first argument.
enum class Needs : std::uint8_t {
  nothing,
  file,       ///< a regular file or /dev/null
  directory,  ///< a directory
  input,      ///< a regular file, /dev/null or a stream
  output,     ///< /dev/null, a stream, or a regular file that may be written
  stream,     ///< a stream
  known,      ///< one of these
};

/// What the agent does besides, or looks at before.
enum class Special : std::uint8_t {
  none,
  open,    ///< of what is there, for reading; of nothing that could wait
  openat,  ///< likewise
  close,
  flags,    ///< fcntl: F_GETFD, F_SETFD and F_GETFL only
  message,  ///< recvfrom, sendto: whether they wait is for their flags to say, too
  alone,    ///< where there is no other thread to go on
  mask,     ///< the program's signal mask changes
  protect,  ///< mprotect of what lies in an Area
  drop,     ///< madvise: likewise, MADV_DONTNEED only
  wake,     ///< futex: FUTEX_WAKE and FUTEX_WAKE_BITSET where no thread of ours waits
};

struct Call {
  Needs needs = Needs::nothing;
  Special special = Special::none;
  std::uint8_t zeros = 0;  ///< arguments that must be 0: a bit each
  Output outputs[2] = {};  ///< the first one first

  constexpr bool has_outputs() const { return outputs[0].extent != Extent::none; }
  constexpr bool has_conditions() const {
    return needs != Needs::nothing || special != Special::none || zeros != 0;
  }
};

constexpr Output fixed(std::uint8_t argument, std::uint16_t size) {
  return {argument, Extent::fixed, 0, size};
}
constexpr Output result(std::uint8_t argument, std::uint8_t by) {
  return {argument, Extent::result, by, 0};
}
constexpr Output results(std::uint8_t argument, std::uint8_t by, std::uint16_t size) {
  return {argument, Extent::result_times, by, size};
}
constexpr Output elements(std::uint8_t argument, std::uint8_t by, std::uint16_t size) {
  return {argument, Extent::argument_times, by, size};
}

inline constexpr std::uint16_t kStatSize = 144;
inline constexpr std::uint16_t kTimespecSize = 16;
inline constexpr std::uint32_t kCallNumbers = 448;
inline constexpr std::uint8_t kMostCalls = 80;

class CallTable {
 public:
  /// Null: none of the agent's.
  constexpr const Call* of(std::uint64_t number) const {
    const std::uint8_t place = number < kCallNumbers ? places_[number] : 0;
    return place == 0 ? nullptr : &calls_[place - 1];
  }

  constexpr void plain(unsigned number, Output first = {}, Output second = {}) {
    add(number) = {Needs::nothing, Special::none, 0, {first, second}};
  }
  constexpr void on(Needs needs, unsigned number, Output first = {}) {
    add(number) = {needs, Special::none, 0, {first, {}}};
  }
  constexpr void special(Special what, Needs needs, unsigned number, Output first = {}) {
    add(number) = {needs, what, 0, {first, {}}};
  }
  /// Only with these arguments 0.
  constexpr void zero(unsigned number, unsigned argument) {
    calls_[places_[number] - 1].zeros |= std::uint8_t(1u << argument);
  }

 private:
  constexpr Call& add(unsigned number) {
    places_[number] = ++count_;
    return calls_[count_ - 1];
  }

  std::uint8_t places_[kCallNumbers] = {};  // counted from 1
  Call calls_[kMostCalls] = {};
  std::uint8_t count_ = 0;
};

constexpr CallTable make_call_table() {
  CallTable t;
  t.plain(39);   // getpid
  t.plain(102);  // getuid
  t.plain(104);  // getgid
  t.plain(107);  // geteuid
  t.plain(108);  // getegid
  t.plain(110);  // getppid
  t.plain(111);  // getpgrp
  t.plain(186);  // gettid
  t.plain(121);  // getpgid
  t.plain(124);  // getsid

  t.plain(96, fixed(0, 16), fixed(1, 8));  // gettimeofday
  t.plain(201, fixed(0, 8));               // time
  t.plain(228, fixed(1, kTimespecSize));   // clock_gettime
  t.plain(229, fixed(1, kTimespecSize));   // clock_getres
  t.plain(318, result(0, 1));              // getrandom

  t.plain(4, fixed(1, kStatSize));    // stat
  t.plain(6, fixed(1, kStatSize));    // lstat
  t.plain(262, fixed(2, kStatSize));  // newfstatat
  t.plain(21);                        // access
  t.plain(269);                       // faccessat
  t.plain(439);                       // faccessat2
  t.plain(89, result(1, 2));          // readlink
  t.plain(267, result(2, 3));         // readlinkat
  t.plain(79, result(0, 1));          // getcwd
  t.plain(332, fixed(4, 256));        // statx
  t.plain(63, fixed(0, 390));         // uname
  t.plain(98, fixed(1, 144));         // getrusage
  t.plain(99, fixed(0, 112));         // sysinfo
  t.plain(100, fixed(0, 32));         // times

  t.plain(83);   // mkdir
  t.plain(258);  // mkdirat
  t.plain(84);   // rmdir
  t.plain(87);   // unlink
  t.plain(263);  // unlinkat
  t.plain(82);   // rename
  t.plain(264);  // renameat
  t.plain(316);  // renameat2

  t.special(Special::open, Needs::nothing, 2);      // open
  t.special(Special::openat, Needs::nothing, 257);  // openat
  t.special(Special::close, Needs::known, 3);       // close
  t.special(Special::flags, Needs::known, 72);      // fcntl
  t.on(Needs::known, 5, fixed(1, kStatSize));       // fstat
  t.on(Needs::file, 8);                             // lseek
  t.on(Needs::input, 0, result(1, 2));              // read
  t.on(Needs::file, 17, result(1, 2));              // pread64
  t.on(Needs::directory, 217, result(1, 2));        // getdents64
  t.on(Needs::output, 1);                           // write
  t.on(Needs::output, 18);                          // pwrite64

  t.special(Special::message, Needs::stream, 45, result(1, 2));  // recvfrom,
  t.zero(45, 4);                                                 // which asks for no address
  t.special(Special::message, Needs::stream, 44);                // sendto

  t.plain(7, elements(0, 1, 8));    // poll,
  t.zero(7, 2);                     // without a timeout
  t.plain(232, results(1, 2, 12));  // epoll_wait
  t.zero(232, 3);
  t.plain(281, results(1, 2, 12));  // epoll_pwait, which changes no mask
  t.zero(281, 3);
  t.zero(281, 4);

  t.special(Special::wake, Needs::nothing, 202);              // futex
  t.special(Special::alone, Needs::nothing, 24);              // sched_yield
  t.special(Special::mask, Needs::nothing, 14, fixed(2, 8));  // rt_sigprocmask
  t.special(Special::protect, Needs::nothing, 10);            // mprotect
  t.special(Special::drop, Needs::nothing, 28);               // madvise
  t.plain(12);                                                // brk,
  t.zero(12, 0);                                              // which asks where it is
  return t;
}

inline constexpr CallTable kCallTable = make_call_table();

}  // namespace ttrace::agent
