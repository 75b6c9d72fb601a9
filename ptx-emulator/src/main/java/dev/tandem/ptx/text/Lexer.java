package dev.tandem.ptx.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Splits PTX into {@link Token}s. */
final class Lexer {
  private static final Set<String> PAIRS = Set.of("<<", ">>", "==", "!=", "<=", ">=", "&&", "||");
  private static final String MARKS = "()[]{},;:@!|+-*/%<>=?~&^";

  private final String text;
  private final List<Token> tokens = new ArrayList<>();
  private int at;
  private int line = 1;

  private Lexer(String text) {
    this.text = text;
  }

  /** The tokens, with a last one that is the end. */
  static List<Token> tokens(String ptx) {
    Lexer lexer = new Lexer(ptx);
    while (lexer.skipBlank()) {
      lexer.token();
    }
    lexer.add(Token.Kind.END, "");
    return lexer.tokens;
  }

  private void token() {
    char c = text.charAt(at);
    if (c == '.' && nameFollowsDot()) {
      at++;
      add(Token.Kind.DOT, qualified());
    } else if (digit(c) || c == '.' && digit(peek(1))) {
      number();
    } else if (letter(c) || c == '_' || c == '$' || c == '%' && nameStart(peek(1))) {
      int from = at++;
      skipName();
      add(Token.Kind.WORD, text.substring(from, at));
    } else if (c == '"') {
      string();
    } else {
      mark(c);
    }
  }

  /** After a word a dot is a modifier's even before a digit ({@code tex.2d}); elsewhere {@code .5} is a number. */
  private boolean nameFollowsDot() {
    return nameStart(peek(1)) || digit(peek(1)) && at > 0 && nameCharacter(text.charAt(at - 1));
  }

  private String qualified() {
    int from = at;
    skipName();
    while (peek(0) == ':' && peek(1) == ':') {
      at += 2;
      skipName();
    }
    return text.substring(from, at);
  }

  private void number() {
    int from = at;
    char base = Character.toLowerCase(peek(1));
    if (text.charAt(at) == '0' && (base == 'f' || base == 'd')) {
      at += 2;
      skipName();
      if (at - from != (base == 'f' ? 10 : 18) || !digits(from + 2, 16)) {
        throw bad(
            from, "not a floating literal, which has 8 hexadecimal digits after 0f, 16 after 0d");
      }
      add(Token.Kind.FLOAT, text.substring(from, at));
    } else if (text.charAt(at) == '0' && (base == 'x' || base == 'b')) {
      at += 2;
      skipName();
      integer(from, from + 2, base == 'x' ? 16 : 2);
    } else {
      decimal(from);
    }
  }

  private void decimal(int from) {
    skipDigits();
    boolean floating = peek(0) == '.';
    if (floating) {
      at++;
      skipDigits();
    }
    if (Character.toLowerCase(peek(0)) == 'e') {
      floating = true;
      at++;
      if (peek(0) == '+' || peek(0) == '-') {
        at++;
      }
      int exponent = at;
      skipDigits();
      if (at == exponent) {
        throw bad(from, "a number without digits in its exponent");
      }
    }
    int end = at;
    skipName();
    if (!floating) {
      integer(from, from, text.charAt(from) == '0' ? 8 : 10);
    } else if (at > end) {
      throw bad(from, "not a number");
    } else {
      add(Token.Kind.FLOAT, text.substring(from, at));
    }
  }

  private void integer(int from, int digits, int radix) {
    int end = at;
    if (Character.toLowerCase(text.charAt(at - 1)) == 'u') {
      at--;
    }
    if (at == digits || !digits(digits, radix)) {
      throw bad(from, "not an integer of base " + radix);
    }
    at = end;
    add(Token.Kind.INTEGER, text.substring(from, at));
  }

  private boolean digits(int from, int radix) {
    for (int i = from; i < at; i++) {
      if (Character.digit(text.charAt(i), radix) < 0) {
        return false;
      }
    }
    return true;
  }

  private void string() {
    int from = ++at;
    while (at < text.length() && text.charAt(at) != '"' && text.charAt(at) != '\n') {
      at += text.charAt(at) == '\\' && peek(1) != '\n' ? 2 : 1;
    }
    if (at >= text.length() || text.charAt(at) != '"') {
      throw new PtxException(line, "a string without an end; close it with \"");
    }
    add(Token.Kind.STRING, text.substring(from, at));
    at++;
  }

  private void mark(char c) {
    if (at + 1 < text.length() && PAIRS.contains(text.substring(at, at + 2))) {
      add(Token.Kind.MARK, text.substring(at, at + 2));
      at += 2;
    } else if (MARKS.indexOf(c) >= 0) {
      add(Token.Kind.MARK, String.valueOf(c));
      at++;
    } else {
      throw new PtxException(line, "character '" + c + "' has no meaning in PTX; remove it");
    }
  }

  /** Skips blanks and comments; false at the end. */
  private boolean skipBlank() {
    while (at < text.length()) {
      char c = text.charAt(at);
      if (c == '\n') {
        line++;
        at++;
      } else if (Character.isWhitespace(c) || c == '\0') {
        at++;
      } else if (c == '/' && peek(1) == '/' || c == '@' && peek(1) == '@') {
        // Old compilers put "@@DWARF" before each line of debug data.
        while (at < text.length() && text.charAt(at) != '\n') {
          at++;
        }
      } else if (c == '/' && peek(1) == '*') {
        skipComment();
      } else {
        return true;
      }
    }
    return false;
  }

  private void skipComment() {
    int end = text.indexOf("*/", at + 2);
    if (end < 0) {
      throw new PtxException(line, "a comment without an end; close it with */");
    }
    for (; at < end + 2; at++) {
      if (text.charAt(at) == '\n') {
        line++;
      }
    }
  }

  private void skipName() {
    while (nameCharacter(peek(0))) {
      at++;
    }
  }

  private void skipDigits() {
    while (digit(peek(0))) {
      at++;
    }
  }

  private PtxException bad(int from, String what) {
    return new PtxException(line, "'" + text.substring(from, at) + "' is " + what);
  }

  private void add(Token.Kind kind, String word) {
    tokens.add(new Token(kind, word, line));
  }

  private char peek(int ahead) {
    return at + ahead < text.length() ? text.charAt(at + ahead) : '\0';
  }

  private static boolean digit(char c) {
    return c >= '0' && c <= '9';
  }

  private static boolean letter(char c) {
    return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
  }

  private static boolean nameStart(char c) {
    return letter(c) || c == '_' || c == '$';
  }

  private static boolean nameCharacter(char c) {
    return nameStart(c) || digit(c);
  }
}
