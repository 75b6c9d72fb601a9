package dev.tandem.ptx.text;

import java.util.List;

/** A place in a list of tokens, and the errors of those who find something else there than they should. */
final class Tokens {
  private final List<Token> tokens;
  private int at;

  Tokens(List<Token> tokens) {
    this.tokens = tokens;
  }

  Token peek() {
    return tokens.get(at);
  }

  Token peek(int ahead) {
    return tokens.get(Math.min(at + ahead, tokens.size() - 1));
  }

  Token next() {
    Token token = tokens.get(at);
    if (token.kind() != Token.Kind.END) {
      at++;
    }
    return token;
  }

  int line() {
    return peek().line();
  }

  boolean accept(String mark) {
    boolean there = peek().mark(mark);
    if (there) {
      at++;
    }
    return there;
  }

  boolean acceptDot(String word) {
    boolean there = peek().is(Token.Kind.DOT, word);
    if (there) {
      at++;
    }
    return there;
  }

  /** Takes a mark that must come now; {@code where} says after or before what. */
  void expect(String mark, String where) {
    if (!accept(mark)) {
      throw expected("'" + mark + "' " + where);
    }
  }

  String word(String what) {
    if (peek().kind() != Token.Kind.WORD) {
      throw expected(what);
    }
    return next().text();
  }

  /** A positive integer literal that is not part of an expression, as directives have them. */
  int count(String what) {
    if (peek().kind() != Token.Kind.INTEGER) {
      throw expected(what);
    }
    Token token = next();
    long value = ConstantExpression.integer(token).bits();
    if (value < 0 || value > Integer.MAX_VALUE) {
      throw new PtxException(token.line(), what + " is too large, got " + token.text());
    }
    return (int) value;
  }

  PtxException expected(String what) {
    return new PtxException(line(), "expected " + what + ", got " + peek().shown());
  }
}
