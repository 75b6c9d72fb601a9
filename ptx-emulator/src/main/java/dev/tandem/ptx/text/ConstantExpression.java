package dev.tandem.ptx.text;

import java.util.List;

/**
 * Constant expressions, section 4.6 of the PTX ISA: integers are 64 bits wide, signed unless they have a {@code U} or do not
 * fit, and an operation on a signed and an unsigned one is unsigned.
 */
final class ConstantExpression {
  /** Binary operators, loosest first. */
  private static final List<List<String>> LEVELS =
      List.of(
          List.of("||"),
          List.of("&&"),
          List.of("|"),
          List.of("^"),
          List.of("&"),
          List.of("==", "!="),
          List.of("<", "<=", ">", ">="),
          List.of("<<", ">>"),
          List.of("+", "-"),
          List.of("*", "/", "%"));

  private static final int DEPTH = 100;

  private final Tokens tokens;
  private int depth;

  private ConstantExpression(Tokens tokens) {
    this.tokens = tokens;
  }

  /** What a constant expression comes to. */
  sealed interface Value {}

  record Whole(long bits, boolean unsigned) implements Value {}

  /** A floating value; {@code single} where it was written as {@code 0f}, for then its 32 bits count. */
  record Floating(double value, long bits, boolean single) implements Value {
    static Floating of(double value) {
      return new Floating(value, Double.doubleToRawLongBits(value), false);
    }
  }

  /** Whether one may begin here. */
  static boolean begins(Tokens tokens) {
    Token token = tokens.peek();
    return switch (token.kind()) {
      case INTEGER, FLOAT -> true;
      case WORD -> token.text().equals("WARP_SZ");
      case MARK ->
          switch (token.text()) {
            case "-", "+", "~", "(" -> true;
            case "!" -> tokens.peek(1).kind() == Token.Kind.INTEGER || tokens.peek(1).mark("(");
            default -> false;
          };
      default -> false;
    };
  }

  static Value parse(Tokens tokens) {
    return new ConstantExpression(tokens).choice();
  }

  /** One that must come to an integer. */
  static long integer(Tokens tokens, String what) {
    int line = tokens.line();
    if (!begins(tokens)) {
      throw tokens.expected(what);
    }
    if (parse(tokens) instanceof Whole whole) {
      return whole.bits();
    }
    throw new PtxException(line, "expected " + what + ", got a floating value");
  }

  /** An integer literal. */
  static Whole integer(Token token) {
    String text = token.text();
    boolean unsigned = Character.toLowerCase(text.charAt(text.length() - 1)) == 'u';
    String digits = unsigned ? text.substring(0, text.length() - 1) : text;
    try {
      long bits;
      if (digits.startsWith("0x") || digits.startsWith("0X")) {
        bits = Long.parseUnsignedLong(digits.substring(2), 16);
      } else if (digits.startsWith("0b") || digits.startsWith("0B")) {
        bits = Long.parseUnsignedLong(digits.substring(2), 2);
      } else if (digits.length() > 1 && digits.startsWith("0")) {
        bits = Long.parseUnsignedLong(digits.substring(1), 8);
      } else {
        bits = Long.parseUnsignedLong(digits);
      }
      return new Whole(bits, unsigned || bits < 0);
    } catch (NumberFormatException _) {
      throw new PtxException(token.line(), "'" + text + "' does not fit 64 bits");
    }
  }

  /** A floating literal: hexadecimal bits of a single or a double, or decimal. */
  static Floating floating(Token token) {
    String text = token.text();
    char second = text.length() > 2 ? Character.toLowerCase(text.charAt(1)) : ' ';
    if (text.charAt(0) == '0' && second == 'f') {
      int bits = Integer.parseUnsignedInt(text.substring(2), 16);
      return new Floating(Float.intBitsToFloat(bits), bits & 0xFFFF_FFFFL, true);
    }
    if (text.charAt(0) == '0' && second == 'd') {
      long bits = Long.parseUnsignedLong(text.substring(2), 16);
      return new Floating(Double.longBitsToDouble(bits), bits, false);
    }
    return Floating.of(Double.parseDouble(text));
  }

  private Value choice() {
    deeper();
    Value value = condition();
    depth--;
    return value;
  }

  /** Each level takes a dozen frames of the stack, which a text of parentheses must not use up. */
  private void deeper() {
    if (++depth > DEPTH) {
      throw new PtxException(
          tokens.line(), "a constant is nested more than " + DEPTH + " levels deep; write it out");
    }
  }

  private Value condition() {
    Value condition = binary(0);
    if (!tokens.accept("?")) {
      return condition;
    }
    Value yes = choice();
    tokens.expect(":", "between the two values of '?'");
    Value no = choice();
    return truth(condition) ? yes : no;
  }

  private Value binary(int level) {
    if (level == LEVELS.size()) {
      return unary();
    }
    Value left = binary(level + 1);
    while (tokens.peek().kind() == Token.Kind.MARK
        && LEVELS.get(level).contains(tokens.peek().text())) {
      Token operator = tokens.next();
      left = apply(operator, left, binary(level + 1));
    }
    return left;
  }

  private Value unary() {
    Token token = tokens.next();
    switch (token.kind()) {
      case INTEGER:
        return integer(token);
      case FLOAT:
        return floating(token);
      case WORD:
        if (token.text().equals("WARP_SZ")) {
          return new Whole(32, false);
        }
        break;
      case MARK:
        if (token.text().equals("(")) {
          return inside();
        }
        if ("+-~!".contains(token.text())) {
          deeper();
          Value value = sign(token, unary());
          depth--;
          return value;
        }
        break;
      default:
    }
    throw new PtxException(token.line(), "expected a constant, got " + token.shown());
  }

  /** What follows an opening parenthesis: a cast, or an expression. */
  private Value inside() {
    boolean unsigned = tokens.acceptDot("u64");
    if (unsigned || tokens.acceptDot("s64")) {
      int line = tokens.line();
      tokens.expect(")", "after the type of a cast");
      deeper();
      Value value = unary();
      depth--;
      return switch (value) {
        case Whole whole -> new Whole(whole.bits(), unsigned);
        case Floating _ ->
            throw new PtxException(
                line, "a floating constant is not cast to an integer; write the integer");
      };
    }
    Value value = choice();
    tokens.expect(")", "after a constant expression");
    return value;
  }

  private static Value sign(Token operator, Value value) {
    return switch (value) {
      case Whole whole ->
          switch (operator.text()) {
            case "+" -> whole;
            case "-" -> new Whole(-whole.bits(), whole.unsigned());
            case "~" -> new Whole(~whole.bits(), whole.unsigned());
            default -> new Whole(whole.bits() == 0 ? 1 : 0, false);
          };
      case Floating floating ->
          switch (operator.text()) {
            case "+" -> floating;
            case "-" ->
                floating.single()
                    ? new Floating(-floating.value(), floating.bits() ^ 0x8000_0000L, true)
                    : new Floating(-floating.value(), floating.bits() ^ Long.MIN_VALUE, false);
            default ->
                throw new PtxException(
                    operator.line(), "'" + operator.text() + "' before a floating constant");
          };
    };
  }

  private static Value apply(Token operator, Value left, Value right) {
    if (left instanceof Whole a && right instanceof Whole b) {
      return whole(operator, a, b);
    }
    return floating(operator, number(left), number(right));
  }

  private static Value whole(Token operator, Whole left, Whole right) {
    long a = left.bits();
    long b = right.bits();
    boolean unsigned = left.unsigned() || right.unsigned();
    int order = unsigned ? Long.compareUnsigned(a, b) : Long.compare(a, b);
    return switch (operator.text()) {
      case "+" -> new Whole(a + b, unsigned);
      case "-" -> new Whole(a - b, unsigned);
      case "*" -> new Whole(a * b, unsigned);
      case "/", "%" -> divide(operator, left, right);
      case "<<" -> new Whole(b >= 0 && b < Long.SIZE ? a << b : 0, left.unsigned());
      case ">>" -> shiftRight(left, b);
      case "&" -> new Whole(a & b, unsigned);
      case "|" -> new Whole(a | b, unsigned);
      case "^" -> new Whole(a ^ b, unsigned);
      case "&&" -> truth(a != 0 && b != 0);
      case "||" -> truth(a != 0 || b != 0);
      default -> truth(holds(operator.text(), order));
    };
  }

  private static Whole divide(Token operator, Whole left, Whole right) {
    if (right.bits() == 0) {
      throw new PtxException(operator.line(), "a constant is divided by zero");
    }
    boolean unsigned = left.unsigned() || right.unsigned();
    long a = left.bits();
    long b = right.bits();
    if (operator.text().equals("/")) {
      return new Whole(unsigned ? Long.divideUnsigned(a, b) : a / b, unsigned);
    }
    return new Whole(unsigned ? Long.remainderUnsigned(a, b) : a % b, unsigned);
  }

  private static Whole shiftRight(Whole left, long by) {
    long a = left.bits();
    boolean within = by >= 0 && by < Long.SIZE;
    if (left.unsigned()) {
      return new Whole(within ? a >>> by : 0, true);
    }
    return new Whole(a >> (within ? by : Long.SIZE - 1), false);
  }

  private static Value floating(Token operator, double a, double b) {
    return switch (operator.text()) {
      case "+" -> Floating.of(a + b);
      case "-" -> Floating.of(a - b);
      case "*" -> Floating.of(a * b);
      case "/" -> Floating.of(a / b);
      case "==" -> truth(a == b);
      case "!=" -> truth(a != b);
      case "<" -> truth(a < b);
      case "<=" -> truth(a <= b);
      case ">" -> truth(a > b);
      case ">=" -> truth(a >= b);
      default ->
          throw new PtxException(
              operator.line(),
              "'" + operator.text() + "' is not for floating constants; write integers");
    };
  }

  private static boolean holds(String operator, int order) {
    return switch (operator) {
      case "==" -> order == 0;
      case "!=" -> order != 0;
      case "<" -> order < 0;
      case "<=" -> order <= 0;
      case ">" -> order > 0;
      default -> order >= 0;
    };
  }

  private static double number(Value value) {
    return switch (value) {
      case Floating floating -> floating.value();
      case Whole(long bits, boolean unsigned) when unsigned && bits < 0 ->
          (bits >>> 1 | bits & 1) * 2.0;
      case Whole whole -> whole.bits();
    };
  }

  private static boolean truth(Value value) {
    return number(value) != 0;
  }

  private static Whole truth(boolean yes) {
    return new Whole(yes ? 1 : 0, false);
  }
}
