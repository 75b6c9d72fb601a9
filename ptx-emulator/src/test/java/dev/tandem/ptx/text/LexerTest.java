package dev.tandem.ptx.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class LexerTest {
  private static String kinds(String text) {
    StringBuilder shown = new StringBuilder();
    for (Token token : Lexer.tokens(text)) {
      shown.append(token.kind()).append(' ').append(token.text()).append('|');
    }
    return shown.toString();
  }

  private static void refused(String text, int line, String part) {
    PtxException refusal = assertThrows(PtxException.class, () -> Lexer.tokens(text));
    assertEquals(line, refusal.line());
    assertTrue(refusal.getMessage().contains(part), refusal.getMessage());
  }

  @Test
  void anInstructionIsAWordWithModifiersAndOperands() {
    assertEquals(
        "WORD ld|DOT global|DOT L1::no_allocate|DOT L2::128B|DOT v4|DOT f32|MARK {|WORD %f1|MARK ,|WORD _|MARK }|MARK ,"
            + "|MARK [|WORD %rd2|MARK +|MARK -|INTEGER 16|MARK ]|MARK ;|END |",
        kinds("ld.global.L1::no_allocate.L2::128B.v4.f32 {%f1, _}, [%rd2+-16];"));
  }

  @Test
  void modifiersMayBeginWithADigitButNumbersWithADotAreNumbers() {
    assertEquals(
        "WORD tex|DOT 2d|DOT v4|FLOAT .5|FLOAT 1.5e-3|FLOAT 2.|END |",
        kinds("tex.2d.v4 .5 1.5e-3 2."));
  }

  @Test
  void namesMayHoldDollarsAndPercents() {
    assertEquals(
        "WORD $L__BB0_2|MARK :|WORD %tid|DOT x|WORD %lanemask_lt|WORD _Z1f|END |",
        kinds("$L__BB0_2: %tid.x %lanemask_lt _Z1f"));
  }

  @Test
  void percentIsAnOperatorBeforeNumbersAndSpaces() {
    assertEquals("INTEGER 7|MARK %|INTEGER 4|MARK %|WORD a|END |", kinds("7 %4 % a"));
  }

  @Test
  void numbersOfAllBases() {
    assertEquals(
        "INTEGER 0|INTEGER 0xFFu|INTEGER 017|INTEGER 0b101U|INTEGER 42U|FLOAT 0f3F800000|FLOAT 0D3FF0000000000000|END |",
        kinds("0 0xFFu 017 0b101U 42U 0f3F800000 0D3FF0000000000000"));
  }

  @Test
  void operatorsOfTwoCharacters() {
    assertEquals(
        "MARK <<|MARK >>|MARK ==|MARK !=|MARK <=|MARK >=|MARK &&|MARK |||MARK ||END |",
        kinds("<< >> == != <= >= && || |"));
  }

  @Test
  void linesAreCountedThroughComments() {
    List<Token> tokens =
        Lexer.tokens("// one\n/* two\nthree */ a\r\n\"s // no comment\"\n\n@@DWARF .byte 0x00\nb");
    assertEquals(List.of(3, 4, 7, 7), tokens.stream().map(Token::line).toList());
    assertEquals("s // no comment", tokens.get(1).text());
  }

  @Test
  void anEscapedQuoteDoesNotEndAString() {
    assertEquals("STRING a\\\"b|END |", kinds("\"a\\\"b\""));
  }

  @Test
  void malformedTextIsRefusedWithItsLine() {
    refused("a\nb # c", 2, "'#'");
    refused("\n\n/* never closed", 3, "comment without an end");
    refused("\n\"open\n\"", 2, "string without an end");
    refused("0f3F80", 1, "not a floating literal");
    refused("0f3F80000G", 1, "not a floating literal");
    refused("0d3FF00000", 1, "not a floating literal");
    refused("089", 1, "not an integer of base 8");
    refused("0b12", 1, "not an integer of base 2");
    refused("0x", 1, "not an integer of base 16");
    refused("12ab", 1, "not an integer of base 10");
    refused("1e+", 1, "exponent");
    refused("1.5f", 1, "not a number");
  }
}
