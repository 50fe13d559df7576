//===- TableTest.cpp - Tables of text and numbers -------------------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ravel/Training/Table.h"
#include "TestSupport.h"

using namespace ravel;
using namespace ravel::test;
using llvm::StringRef;
using Strings = std::vector<std::string>;
using Header = TableOptions::Header;

static Table parse(StringRef text, StringRef path = "t.csv",
                   TableOptions options = {}) {
  return get(Table::parse(text, path, options));
}

static std::string messageFor(StringRef text, StringRef path = "t.csv",
                              TableOptions options = {}) {
  return messageOf(Table::parse(text, path, options));
}

TEST(Table, ReadsNumbersTextAndDates) {
  Table table = parse("date,temp,city\r\n"
                      "2020-01-01, 1.5 ,\"Seattle, WA\"\r\n"
                      "2020-01-02,+2e1,\"the \"\"Emerald\"\" City\"\r\n");
  EXPECT_EQ(table.columnNames().vec(), (Strings{"date", "temp", "city"}));
  EXPECT_EQ(table.numRows(), 2);
  EXPECT_EQ(get(table.numericColumn(1)), (std::vector<double>{1.5, 20}));
  EXPECT_EQ(table.cell(0, 0), "2020-01-01");
  EXPECT_EQ(table.cell(0, 2), "Seattle, WA");
  EXPECT_EQ(table.cell(1, 2), "the \"Emerald\" City");
  EXPECT_EQ(table.numericColumns(), std::vector<int64_t>{1});
  EXPECT_EQ(table.textColumn(0)[1], "2020-01-02");
}

TEST(Table, GuessesTheHeader) {
  EXPECT_EQ(parse("a,b\n1,2\n").numRows(), 1);
  EXPECT_EQ(parse("1,2\n3,4\n").numRows(), 2);
  EXPECT_EQ(parse("1,2\n3,4\n").columnNames().vec(), (Strings{"0", "1"}));
  EXPECT_EQ(parse("hello\thallo\nworld\twelt\n", "t.tsv").numRows(), 2);
  TableOptions options;
  options.header = Header::Present;
  EXPECT_EQ(parse("en\tde\nworld\twelt\n", "t.tsv", options).numRows(), 1);
  options.header = Header::Absent;
  EXPECT_EQ(parse("a,b\n1,2\n", "t.csv", options).numRows(), 2);
}

TEST(Table, LocatesWhatIsNotANumber) {
  auto numbers = [](StringRef text) {
    return messageOf(parse(text).numericColumn(1));
  };
  EXPECT_EQ(numbers("a,b\n1,2\n3,x\n"),
            "t.csv:3:3: 'x' is not a number; column 'b' must hold numbers");
  EXPECT_EQ(numbers("a,b\r\n1,2\r\n3,NaN\r\n"),
            "t.csv:3:3: 'NaN' is not finite; column 'b' must hold numbers");
  EXPECT_CONTAINS(numbers("a,b\n1,2\n3,-inf\n"), "t.csv:3:3: '-inf' is not fi");
  EXPECT_CONTAINS(numbers("a,b\n1,2\n3,\n"), "t.csv:3:3: the cell is empty");
  EXPECT_CONTAINS(numbers("a,b\n1,2\n3,1e999\n"), "beyond the range of f64");
  EXPECT_CONTAINS(numbers("a,b\n1,2\n3,1.5.2\n"), "is not a number");
  EXPECT_CONTAINS(numbers("a,b\n1,2\n3,+-1\n"), "is not a number");
  // Lines within quotes count.
  EXPECT_CONTAINS(numbers("a,b\n\"x\ny\",2\n3,?\n"), "t.csv:4:3: '?'");
  // Other columns do not matter.
  EXPECT_EQ(get(parse("a,b\n?,2\n").numericColumn(1)), std::vector<double>{2});
}

TEST(Table, LocatesWhatIsMalformed) {
  EXPECT_EQ(messageFor("a,b\n1,2,3\n"),
            "t.csv:2:1: the row has 3 cells; expected 2");
  EXPECT_EQ(messageFor("a,b\n1\n"),
            "t.csv:2:1: the row has 1 cell; expected 2");
  EXPECT_EQ(messageFor("a,b\n1,\"2\n3,4\n"),
            "t.csv:2:3: the quote is never closed");
  EXPECT_EQ(messageFor("a,b\n1,\"2\"3\n"),
            "t.csv:2:6: text after a closing quote");
  EXPECT_EQ(messageFor("a,a\n1,2\n"),
            "t.csv:1:3: column name 'a' occurs twice");
  EXPECT_EQ(messageFor(""), "t.csv: is an empty table");
  EXPECT_EQ(messageFor("\n\n"), "t.csv: is an empty table");
}

TEST(Table, SkipsBlankLinesAndAByteOrderMark) {
  Table table = parse("\xef\xbb\xbf"
                      "a,b\n\n1,2\n\n\n3,4");
  EXPECT_EQ(table.columnNames().vec(), (Strings{"a", "b"}));
  EXPECT_EQ(get(table.numericColumn(1)), (std::vector<double>{2, 4}));
  EXPECT_EQ(table.location(1, 1), "t.csv:6:3");
  // In a single column, a blank line is an empty cell.
  EXPECT_EQ(parse("a\n\nb\n").numRows(), 3);
  // A last empty cell is a cell.
  EXPECT_EQ(parse("x,y\nz,").cell(1, 1), "");
}

TEST(Table, TakesQuotesLiterallyBetweenTabs) {
  Table table = parse("he said \"hi\tsalut\"\n", "t.tsv");
  EXPECT_EQ(table.cell(0, 0), "he said \"hi");
  EXPECT_EQ(table.cell(0, 1), "salut\"");
}

TEST(Table, FindsColumns) {
  Table table = parse("a,b\n1,2\n3,4\n");
  EXPECT_EQ(get(table.findColumn("b")), 1);
  EXPECT_EQ(messageOf(table.findColumn("c")),
            "t.csv: has no column 'c'; its columns are a, b");
  Tensor matrix = get(table.matrix({1, 0}));
  EXPECT_EQ(matrix.view<double>().vec(), (std::vector<double>{2, 1, 4, 3}));
}

TEST(Table, TruncationNeverCrashes) {
  std::string text = "a,\"b \"\"c\"\"\"\r\n1,\"2\"\r\n\r\n3,4\r\n";
  for (size_t size = 0; size <= text.size(); ++size)
    (void)messageFor(StringRef(text).take_front(size));
}

TEST(Table, NamesAMissingFile) {
  EXPECT_CONTAINS(messageOf(Table::read("/nonexistent/t.csv")),
                  "/nonexistent/t.csv: cannot be read");
}
