#include "ravel/Target/Interface.h"
namespace ravel { std::string makeCIdentifier(llvm::StringRef s) { return s.str(); } void writeHeader(const Interface &i, llvm::raw_ostream &os){} void writeCppHeader(const Interface &i, llvm::raw_ostream &os){} }
