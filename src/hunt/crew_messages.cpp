#include "hunt/crew_messages.h"

#include <unistd.h>

#include <cerrno>

namespace ttrace {
namespace {

enum Tag : std::uint8_t { kAttempt = 1, kKeep, kReport, kKept, kError };

constexpr std::uint64_t kMostBytes = std::uint64_t(1) << 32;

void write_failure(ByteWriter& out, const Failure& failure) {
  out.text(failure.file);
  out.signed_varint(failure.line);
  out.text(failure.message);
  out.varint(failure.event.value());
  out.signed_varint(failure.tid.value());
}

Failure read_failure(ByteReader& in) {
  Failure failure;
  failure.file = in.text();
  failure.line = int(in.signed_varint());
  failure.message = in.text();
  failure.event = EventNumber(in.varint());
  failure.tid = Tid(pid_t(in.signed_varint()));
  return failure;
}

void write(ByteWriter& out, const AttemptOrder& order) {
  out.u8(kAttempt);
  out.varint(order.test);
  out.signed_varint(order.attempt);
  out.varint(order.seed);
  out.u8(std::uint8_t(order.chaos));
  out.varint(order.expected_ticks);
  out.varint(order.case_seed);
}

AttemptOrder read_attempt(ByteReader& in) {
  AttemptOrder order;
  order.test = std::size_t(in.varint());
  order.attempt = int(in.signed_varint());
  order.seed = in.varint();
  order.chaos = Chaos(in.u8());
  order.expected_ticks = in.varint();
  order.case_seed = in.varint();
  return order;
}

void write(ByteWriter& out, const KeepOrder& order) {
  out.u8(kKeep);
  out.text(to_json(order.info));
  out.u8(order.with_stack);
}

KeepOrder read_keep(ByteReader& in) {
  KeepOrder order;
  order.info = trace_info_from_json(in.text());
  order.with_stack = in.u8() != 0;
  return order;
}

void write(ByteWriter& out, const AttemptReport& report) {
  out.u8(kReport);
  out.u8(std::uint8_t(report.verdict.kind));
  out.text(report.verdict.detail);
  out.u8(report.verdict.failure.has_value());
  if (report.verdict.failure) write_failure(out, *report.verdict.failure);
  out.varint(report.warnings.size());
  for (const std::string& warning : report.warnings) out.text(warning);
  out.text(report.output);
  out.varint(report.contended_ticks);
}

AttemptReport read_report(ByteReader& in) {
  AttemptReport report;
  report.verdict.kind = Verdict::Kind(in.u8());
  report.verdict.detail = in.text();
  if (in.u8() != 0) report.verdict.failure = read_failure(in);
  for (std::size_t left = in.count(); left > 0; --left) report.warnings.push_back(in.text());
  report.output = in.text();
  report.contended_ticks = in.varint();
  return report;
}

void write(ByteWriter& out, const KeptTrace& kept) {
  out.u8(kKept);
  out.u8(kept.path.has_value());
  out.text(kept.path.value_or(""));
  out.text(kept.not_kept);
  out.varint(kept.size);
  out.u8(std::uint8_t(kept.verification.outcome));
  out.text(kept.verification.problem);
  out.text(kept.stack);
}

KeptTrace read_kept(ByteReader& in) {
  KeptTrace kept;
  const bool has_path = in.u8() != 0;
  const std::string path = in.text();
  if (has_path) kept.path = path;
  kept.not_kept = in.text();
  kept.size = in.varint();
  kept.verification.outcome = Verification::Outcome(in.u8());
  kept.verification.problem = in.text();
  kept.stack = in.text();
  return kept;
}

void write(ByteWriter& out, const CrewError& error) {
  out.u8(kError);
  out.text(error.message);
  out.u8(error.is_usage);
}

CrewError read_error(ByteReader& in) {
  CrewError error;
  error.message = in.text();
  error.is_usage = in.u8() != 0;
  return error;
}

template <class Message>
Bytes encoded(const Message& message) {
  Bytes bytes;
  ByteWriter out(bytes);
  std::visit([&](const auto& body) { write(out, body); }, message);
  return bytes;
}

bool transfer(int pipe, std::byte* data, std::size_t size, bool writes) {
  while (size > 0) {
    const ssize_t n = writes ? ::write(pipe, data, size) : ::read(pipe, data, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    data += n;
    size -= std::size_t(n);
  }
  return true;
}

}  // namespace

Bytes encode(const CrewOrder& order) { return encoded(order); }
Bytes encode(const CrewAnswer& answer) { return encoded(answer); }

CrewOrder decode_order(ByteView bytes) {
  ByteReader in(bytes);
  switch (in.u8()) {
    case kAttempt:
      return read_attempt(in);
    case kKeep:
      return read_keep(in);
  }
  throw TraceError("damaged: no such order");
}

CrewAnswer decode_answer(ByteView bytes) {
  ByteReader in(bytes);
  switch (in.u8()) {
    case kReport:
      return read_report(in);
    case kKept:
      return read_kept(in);
    case kError:
      return read_error(in);
  }
  throw TraceError("damaged: no such answer");
}

bool send_message(int pipe, ByteView message) {
  std::uint64_t size = message.size();
  Bytes all;
  ByteWriter out(all);
  out.raw(bytes_of(size));
  out.raw(message);
  return transfer(pipe, all.data(), all.size(), true);
}

bool receive_message(int pipe, Bytes& message) {
  std::uint64_t size = 0;
  if (!transfer(pipe, reinterpret_cast<std::byte*>(&size), sizeof size, false)) return false;
  if (size > kMostBytes) return false;
  message.resize(size);
  return transfer(pipe, message.data(), message.size(), false);
}

}  // namespace ttrace
