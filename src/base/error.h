#pragma once

#include <stdexcept>
#include <string>

namespace ttrace {

/// Something that a user must be told. what() is one line: the thing, what is wrong with it, and
/// the next step. Thrown where the cause is known, caught at an edge: a subcommand, an attempt, a
/// gdb packet.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A flag, a subcommand or an argument that makes no sense. Exit code 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// The recorded program did something that this version cannot record. name() is what a user can
/// search for ("system call io_submit"); never reported as a failure of the test.
class NotRecordable : public Error {
 public:
  explicit NotRecordable(std::string name)
      : Error("not recordable: " + name), name_(std::move(name)) {}
  const std::string& name() const { return name_; }

 private:
  std::string name_;
};

/// A trace that is damaged, truncated, foreign, too new, or lacks an object of its store.
class TraceError : public Error {
 public:
  using Error::Error;
};

/// A replay that did something else than the recording. what() shows both sides.
class Divergence : public Error {
 public:
  using Error::Error;
};

/// A failed system call of our own: "open /x: Permission denied".
class SystemError : public Error {
 public:
  /// `what` names the call and the thing; `error` is an errno value.
  SystemError(const std::string& what, int error);
  int error() const { return error_; }

 private:
  int error_;
};

/// Throws SystemError with the present errno.
[[noreturn]] void throw_errno(const std::string& what);

}  // namespace ttrace
