package dev.tandem.ptx.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A variable's initial content: {@code = 3}, {@code = {{1, 2}, {3}}}, {@code = {a, generic(b)+4}}. */
final class Initialiser {
  /** Bytes of content up to which an initialiser may go; PTX text of that size would be far larger. */
  private static final int LIMIT = 1 << 28;

  private final Tokens tokens;
  private final Type type;
  private final List<Integer> shape;
  private final List<Variable.AddressOf> addresses = new ArrayList<>();
  private byte[] content = new byte[64];
  private int at;
  private int end;

  /**
   * @param shape lengths, the outermost first; only that one may be negative, which leaves it to the initialiser
   */
  Initialiser(Tokens tokens, Type type, List<Integer> shape) {
    this.tokens = tokens;
    this.type = type;
    this.shape = shape;
  }

  byte[] content() {
    return Arrays.copyOf(content, end);
  }

  List<Variable.AddressOf> addresses() {
    return List.copyOf(addresses);
  }

  void parse() {
    int line = tokens.line();
    if (tokens.accept("{")) {
      braces(0);
    } else {
      scalar();
    }
    end = Math.max(end, at);
    if (shape.isEmpty() || shape.getFirst() >= 0) {
      checkLength(line, end, span(0));
    }
  }

  /** The inside of braces at a depth, and what they leave at zero. */
  private void braces(int depth) {
    int from = at;
    while (!tokens.accept("}")) {
      int line = tokens.line();
      if (tokens.accept("{")) {
        if (depth + 1 > shape.size()) {
          throw new PtxException(
              line,
              "braces inside braces of a variable with "
                  + shape.size()
                  + " dimensions; remove them");
        }
        int inner = at;
        braces(depth + 1);
        long span = span(depth + 1);
        checkLength(line, (long) at - inner, span);
        at = room(inner + span, line);
      } else {
        scalar();
      }
      if (!tokens.accept(",") && !tokens.peek().mark("}")) {
        throw tokens.expected("',' or '}' in an initialiser");
      }
    }
    end = Math.max(end, at);
    if (depth < shape.size() && shape.get(depth) >= 0) {
      checkLength(tokens.line(), (long) at - from, span(depth));
    }
  }

  private void scalar() {
    Token token = tokens.peek();
    if (token.kind() == Token.Kind.WORD && !token.text().equals("WARP_SZ")) {
      address();
      return;
    }
    if (!ConstantExpression.begins(tokens)) {
      throw tokens.expected("a value of the initialiser");
    }
    ConstantExpression.Value value = ConstantExpression.parse(tokens);
    if (tokens.peek().mark("(")) {
      throw new PtxException(
          token.line(), "a mask of an address's bytes is not emulated; make the variable .u64");
    }
    long bits =
        switch (value) {
          case ConstantExpression.Whole whole -> bits(whole);
          case ConstantExpression.Floating floating -> bits(floating, token);
        };
    int to = room(at + (long) type.bytes(), token.line());
    for (int i = at; i < to; i++) {
      content[i] =
          (byte) (i - at < Long.BYTES ? bits >>> (i - at) * Byte.SIZE : bits >> Long.SIZE - 1);
    }
    at = to;
  }

  private void address() {
    Token token = tokens.next();
    boolean generic = token.text().equals("generic");
    String name = token.text();
    if (name.equals("mask")) {
      throw new PtxException(
          token.line(),
          "mask(): a mask of an address's bytes is not emulated; make the variable .u64");
    }
    if (generic) {
      tokens.expect("(", "after generic");
      name = tokens.word("a variable's name");
      tokens.expect(")", "after the variable of generic");
    }
    if (type.bytes() != Long.BYTES) {
      throw new PtxException(
          token.line(),
          "an address in an initialiser takes 8 bytes, got type " + type.word() + "; make it .u64");
    }
    long offset = 0;
    if (tokens.accept("+") || tokens.peek().mark("-")) {
      offset = ConstantExpression.integer(tokens, "an offset");
    }
    addresses.add(new Variable.AddressOf(at, name, offset, generic));
    at = room(at + (long) Long.BYTES, token.line());
  }

  private long bits(ConstantExpression.Whole whole) {
    return switch (type) {
      case F32 -> Float.floatToRawIntBits((float) whole.bits());
      case F64 -> Double.doubleToRawLongBits(whole.bits());
      default -> whole.bits();
    };
  }

  private long bits(ConstantExpression.Floating floating, Token at) {
    Operand.FloatLiteral literal =
        new Operand.FloatLiteral(floating.value(), floating.bits(), floating.single());
    if (type == Type.F32 || floating.single() && type.bits() == Integer.SIZE && !type.floating()) {
      return literal.singleBits();
    }
    if (type == Type.F64 || !floating.single() && type.bits() == Long.SIZE && !type.floating()) {
      return literal.doubleBits();
    }
    throw new PtxException(
        at.line(), "a floating value initialises no " + type.word() + "; write its bits");
  }

  /** Bytes of an element at a depth. */
  private long span(int depth) {
    long bytes = type.bytes();
    for (int length : shape.subList(Math.min(depth, shape.size()), shape.size())) {
      bytes = Variable.bytes(bytes, length, tokens.line());
    }
    return bytes;
  }

  private void checkLength(int line, long bytes, long most) {
    if (bytes > most) {
      throw new PtxException(
          line,
          "an initialiser with "
              + bytes / type.bytes()
              + " values for "
              + most / type.bytes()
              + "; remove some");
    }
  }

  private int room(long to, int line) {
    if (to > LIMIT) {
      throw new PtxException(line, "an initialiser of more than " + LIMIT + " bytes");
    }
    if (to > content.length) {
      content = Arrays.copyOf(content, (int) Math.max(to, Math.min(LIMIT, content.length * 2L)));
    }
    return (int) to;
  }
}
