#include "rewrite/instruction_use.h"

#include <Zydis/Zydis.h>
#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <cstring>
#include <optional>
#include <set>
#include <sstream>

#include "base/fd.h"
#include "rewrite/cache_directory.h"
#include "rewrite/content_key.h"
#include "rewrite/functions.h"

namespace ttrace {
namespace {

// Which feature an instruction set of the decoder belongs to. The longest name that fits counts;
// sets without a row are part of every x86-64, or execute as no-operations where they are unknown.
struct SetName {
  std::string_view set;  ///< the beginning of ZydisISASetGetString()
  const char* feature;
};
constexpr SetName kSets[] = {
    {"ADOX_ADCX", "adx"},
    {"AES", "aes"},
    {"AMD3DNOW", "3dnow"},
    {"AMX_BF16", "amx_bf16"},
    {"AMX_INT8", "amx_int8"},
    {"AMX_TILE", "amx_tile"},
    {"AVX", "avx"},
    {"AVX2", "avx2"},
    {"AVX512BW", "avx512bw"},
    {"AVX512CD", "avx512cd"},
    {"AVX512DQ", "avx512dq"},
    {"AVX512ER", "avx512er"},
    {"AVX512F", "avx512f"},
    {"AVX512PF", "avx512pf"},
    {"AVX512_4FMAPS", "avx512_4fmaps"},
    {"AVX512_4VNNIW", "avx512_4vnniw"},
    {"AVX512_BF16", "avx512_bf16"},
    {"AVX512_BITALG", "avx512_bitalg"},
    {"AVX512_FP16", "avx512_fp16"},
    {"AVX512_GFNI", "gfni"},
    {"AVX512_IFMA", "avx512ifma"},
    {"AVX512_VAES", "vaes"},
    {"AVX512_VBMI", "avx512vbmi"},
    {"AVX512_VBMI2", "avx512_vbmi2"},
    {"AVX512_VNNI", "avx512_vnni"},
    {"AVX512_VP2INTERSECT", "avx512_vp2intersect"},
    {"AVX512_VPCLMULQDQ", "vpclmulqdq"},
    {"AVX512_VPOPCNTDQ", "avx512_vpopcntdq"},
    {"AVXAES", "aes"},
    {"AVX_GFNI", "gfni"},
    {"AVX_VNNI", "avx_vnni"},
    {"BMI1", "bmi1"},
    {"BMI2", "bmi2"},
    {"CLFLUSHOPT", "clflushopt"},
    {"CLWB", "clwb"},
    {"CLZERO", "clzero"},
    {"CMPXCHG16B", "cx16"},
    {"ENQCMD", "enqcmd"},
    {"F16C", "f16c"},
    {"FMA", "fma"},
    {"FMA4", "fma4"},
    {"GFNI", "gfni"},
    {"LAHF", "lahf_lm"},
    {"LWP", "lwp"},
    {"LZCNT", "abm"},
    {"MOVBE", "movbe"},
    {"MOVDIR", "movdir64b"},
    {"PCLMULQDQ", "pclmulqdq"},
    {"PKU", "pku"},
    {"POPCNT", "popcnt"},
    {"RDWRFSGS", "fsgsbase"},
    {"SERIALIZE", "serialize"},
    {"SHA", "sha_ni"},
    {"SSE3", "pni"},
    {"SSE4", "sse4_1"},
    {"SSE42", "sse4_2"},
    {"SSE4A", "sse4a"},
    {"SSSE3", "ssse3"},
    {"TBM", "tbm"},
    {"VAES", "vaes"},
    {"VPCLMULQDQ", "vpclmulqdq"},
    {"XOP", "xop"},
    {"XSAVE", "xsave"},
    {"XSAVEC", "xsavec"},
    {"XSAVEOPT", "xsaveopt"},
};

// Approximations, and transcendental functions of the x87 (Intel SDM volume 2: RCPPS, RSQRTPS;
// volume 1, 8.3.10; AMD64 APM volume 5).
constexpr std::string_view kByVendor[] = {"f2xm1",   "fcos",     "fpatan",   "fptan",   "fsin",
                                          "fsincos", "fyl2x",    "fyl2xp1",  "pfrcp",   "pfrsqrt",
                                          "rcpps",   "rcpss",    "rsqrtps",  "rsqrtss", "vrcpps",
                                          "vrcpss",  "vrsqrtps", "vrsqrtss", "xgetbv"};

bool differs_by_vendor(std::string_view mnemonic) {
  constexpr std::string_view kFamilies[] = {"vrcp14", "vrsqrt14", "vrcp28", "vrsqrt28", "vexp2"};
  return std::ranges::find(kByVendor, mnemonic) != std::end(kByVendor) ||
         std::ranges::any_of(kFamilies,
                             [&](std::string_view family) { return mnemonic.starts_with(family); });
}

void add_features(ZydisISASet set, std::set<std::string>& features) {
  const std::string_view name = ZydisISASetGetString(set);
  const SetName* best = nullptr;
  for (const SetName& row : kSets) {
    if (name.starts_with(row.set) && (best == nullptr || row.set.size() > best->set.size())) {
      best = &row;
    }
  }
  // RDRAND, RDSEED and RDTSCP are executed by the recorder.
  if (best == nullptr) return;
  features.insert(best->feature);
  if (!name.starts_with("AVX512")) return;
  features.insert("avx512f");
  if (name.ends_with("_128") || name.ends_with("_256")) features.insert("avx512vl");
}

/// Which instruction sets and mnemonics the functions of a binary have.
class UseScan {
 public:
  UseScan() { ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64); }

  void add(ByteView code) {
    ZydisDecoderContext context;
    ZydisDecodedInstruction instruction;
    while (!code.empty() && ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(
                                &decoder_, &context, code.data(), code.size(), &instruction))) {
      // Compilers write TZCNT for every CPU: those without it execute BSF, with the same result but
      // for zero.
      if (instruction.mnemonic != ZYDIS_MNEMONIC_TZCNT) sets_.set(instruction.meta.isa_set);
      mnemonics_.set(instruction.mnemonic);
      code = code.subspan(instruction.length);
    }
  }

  InstructionUse result() const {
    InstructionUse use;
    std::set<std::string> features;
    for (std::size_t i = 0; i < sets_.size(); ++i) {
      if (sets_[i]) add_features(ZydisISASet(i), features);
    }
    use.features.assign(features.begin(), features.end());
    for (std::size_t i = 0; i < mnemonics_.size(); ++i) {
      if (!mnemonics_[i]) continue;
      const std::string_view name = ZydisMnemonicGetString(ZydisMnemonic(i));
      if (differs_by_vendor(name)) use.by_vendor.emplace_back(name);
      if (name.starts_with("xsave") || name.starts_with("xrstor")) use.saves_state = true;
    }
    use.asks = mnemonics_[ZYDIS_MNEMONIC_CPUID];
    return use;
  }

 private:
  ZydisDecoder decoder_;
  std::bitset<ZYDIS_ISA_SET_MAX_VALUE + 1> sets_;
  std::bitset<ZYDIS_MNEMONIC_MAX_VALUE + 1> mnemonics_;
};

/// It has functions that the loader chooses (IFUNC), or asks another library what the CPU has.
bool asks_by_symbols(const ElfFile& file) {
  constexpr std::string_view kAsking[] = {"__cpu_model", "__cpu_indicator_init",
                                          "__x86_get_cpuid_feature_leaf", "__x86_get_cpu_features"};
  constexpr std::uint8_t kIfunc = 10;  // STT_GNU_IFUNC
  for (const char* const names : {".dynsym", ".symtab"}) {
    const ElfSection* symbols = file.section_named(names);
    const ElfSection* texts =
        file.section_named(names == std::string_view(".dynsym") ? ".dynstr" : ".strtab");
    if (symbols == nullptr || texts == nullptr) continue;
    const Bytes table = file.read(symbols->offset, symbols->size);
    const Bytes text = file.read(texts->offset, texts->size);
    for (std::size_t at = 0; at + sizeof(Elf64_Sym) <= table.size(); at += sizeof(Elf64_Sym)) {
      Elf64_Sym symbol;
      std::memcpy(&symbol, table.data() + at, sizeof symbol);
      if (ELF64_ST_TYPE(symbol.st_info) == kIfunc && symbol.st_shndx != SHN_UNDEF) return true;
      if (symbol.st_name >= text.size()) continue;
      const auto* name = reinterpret_cast<const char*>(text.data()) + symbol.st_name;
      const std::string_view word(name, strnlen(name, text.size() - symbol.st_name));
      if (std::ranges::find(kAsking, word) != std::end(kAsking)) return true;
    }
  }
  return false;
}

InstructionUse use_of(const ElfFile& file) {
  std::vector<FunctionRange> functions = functions_from_eh_frame(file);
  const std::vector<FunctionRange> symbols = functions_from_symbols(file);
  functions.insert(functions.end(), symbols.begin(), symbols.end());
  std::sort(functions.begin(), functions.end(), [](const FunctionRange& a, const FunctionRange& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
  });
  UseScan scan;
  std::uint64_t done = 0;  // symbols name again what the tables describe
  for (const FunctionRange& function : functions) {
    const std::uint64_t begin = std::max(function.begin, done);
    if (function.end <= function.begin || begin != function.begin) continue;
    const ElfSegment* segment = file.segment_at(function.begin);
    if (segment == nullptr || !(segment->flags & PF_X)) continue;
    scan.add(file.read_at(function.begin, function.end - function.begin));
    done = function.end;
  }
  InstructionUse use = scan.result();
  use.asks = use.asks || asks_by_symbols(file);
  return use;
}

// As a line: "asks|quiet saves|leaves FEATURES / MNEMONICS".
constexpr std::string_view kFormat = "uses 2";

std::string to_text(const InstructionUse& use) {
  std::string text(kFormat);
  text += use.asks ? " asks" : " quiet";
  text += use.saves_state ? " saves" : " leaves";
  for (const std::string& name : use.features) text += " " + name;
  text += " /";
  for (const std::string& name : use.by_vendor) text += " " + name;
  return text + " .\n";
}

std::optional<InstructionUse> from_text(const std::string& text) {
  if (!text.starts_with(kFormat) || !text.ends_with(" .\n")) return {};
  std::istringstream words(text.substr(kFormat.size(), text.size() - kFormat.size() - 3));
  std::string word;
  InstructionUse use;
  words >> word;
  if (word != "asks" && word != "quiet") return {};
  use.asks = word == "asks";
  words >> word;
  use.saves_state = word == "saves";
  std::vector<std::string>* list = &use.features;
  while (words >> word) {
    if (word == "/") {
      list = &use.by_vendor;
    } else {
      list->push_back(word);
    }
  }
  return use;
}

std::string read_small_file(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  std::string text(std::size_t{1} << 14, '\0');
  const ssize_t got = fd ? ::read(fd.value(), text.data(), text.size()) : 0;
  text.resize(got < 0 ? 0 : std::size_t(got));
  return text;
}

}  // namespace

InstructionUse instruction_use_of(int fd) {
  const std::optional<ElfFile> file = ElfFile::open(fd);
  return file ? use_of(*file) : InstructionUse();
}

InstructionUse instruction_use_of(int fd, const std::string& directory) {
  const std::optional<ElfFile> file = ElfFile::open(fd);
  if (!file) return {};
  const auto key = directory.empty() ? std::nullopt : content_key_of(*file);
  if (!key) return use_of(*file);
  const std::string name = hex_of(*key) + ".uses";
  if (auto kept = from_text(read_small_file(directory + "/" + name))) return *std::move(kept);
  const FileIdentity before = identity_of(fd);
  InstructionUse use = use_of(*file);
  if (identity_of(fd) == before) {
    const std::string text = to_text(use);
    const ByteView view = bytes_of(std::string_view(text));
    keep_file(directory, name, Bytes(view.begin(), view.end()));
  }
  return use;
}

std::vector<std::string> needed_features(const std::vector<InstructionUse>& uses,
                                         const CpuFeatureSet& visible, const CpuFeatureSet& here) {
  std::set<std::string> needed;
  for (const InstructionUse& use : uses) {
    for (const std::string& feature : use.features) {
      if ((use.asks ? visible : here).contains(feature)) needed.insert(feature);
    }
  }
  return {needed.begin(), needed.end()};
}

}  // namespace ttrace
