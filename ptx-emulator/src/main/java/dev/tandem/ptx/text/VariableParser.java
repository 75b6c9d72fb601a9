package dev.tandem.ptx.text;

import java.util.ArrayList;
import java.util.List;

/** Reads declarations of variables and registers: what follows {@code .global}, {@code .param}, {@code .reg} and so on. */
final class VariableParser {
  private final Tokens tokens;

  VariableParser(Tokens tokens) {
    this.tokens = tokens;
  }

  /** What stands before a variable's name. */
  record Kind(Space space, boolean extern, Type type, int width, int alignment) {}

  /** A variable as written, its name not yet unique. */
  record Declared(
      String name, Kind kind, List<Integer> lengths, Initialiser initialiser, int line) {
    Variable named(String unique) {
      long bytes = (long) kind.type.bytes() * kind.width;
      for (int length : lengths) {
        bytes = length < 0 ? 0 : Variable.bytes(bytes, length, line);
      }
      byte[] initial = null;
      List<Variable.AddressOf> addresses = List.of();
      if (initialiser != null) {
        initial = initialiser.content();
        addresses = initialiser.addresses();
        bytes = Math.max(bytes, initial.length);
      } else if (!kind.extern && (kind.space == Space.GLOBAL || kind.space == Space.CONST)) {
        initial = new byte[0];
      }
      return new Variable(
          unique,
          kind.space,
          kind.type,
          bytes,
          kind.alignment,
          initial,
          addresses,
          kind.extern,
          line);
    }
  }

  /** Reads the type and its attributes; the space's own word has been taken. */
  Kind kind(Space space, boolean extern) {
    Type type = null;
    int width = 1;
    int alignment = 0;
    boolean pointer = false;
    while (tokens.peek().kind() == Token.Kind.DOT) {
      Token token = tokens.next();
      switch (token.text()) {
        case "align" -> {
          int said = alignment(token);
          // After .ptr it is the alignment of what the parameter points to.
          alignment = pointer ? alignment : said;
        }
        case "v2", "v4" -> width = token.text().charAt(1) - '0';
        case "ptr" -> pointer = true;
        case "attribute" -> attribute();
        case "global", "shared", "const", "local" -> {
          if (!pointer) {
            throw new PtxException(
                token.line(),
                "'." + token.text() + "' after '." + word(space) + "'; a variable has one space");
          }
        }
        case "texref", "samplerref", "surfref" ->
            throw new PtxException(
                token.line(),
                "."
                    + token.text()
                    + ": textures and surfaces are not emulated; read global memory instead");
        default -> {
          if (type != null) {
            throw new PtxException(
                token.line(), "expected a name after the type, got " + token.shown());
          }
          type =
              Type.of(token.text())
                  .orElseThrow(() ->
                      new PtxException(token.line(), "expected a type, got " + token.shown()));
        }
      }
    }
    if (type == null) {
      throw tokens.expected("a type");
    }
    if (type == Type.PRED && space != Space.REG) {
      throw new PtxException(
          tokens.line(), "predicates live in registers only; declare it with .reg");
    }
    return new Kind(space, extern, type, width, alignment == 0 ? type.bytes() * width : alignment);
  }

  /** A name, its lengths and its initialiser. */
  Declared variable(Kind kind) {
    int line = tokens.line();
    String name = tokens.word("a variable's name");
    List<Integer> lengths = new ArrayList<>();
    while (tokens.accept("[")) {
      if (tokens.accept("]")) {
        lengths.add(-1);
        continue;
      }
      int at = tokens.line();
      long length = ConstantExpression.integer(tokens, "an array's length");
      if (length < 0 || length > Integer.MAX_VALUE) {
        throw new PtxException(
            at, name + ": an array's length is from 0 to 2147483647, got " + length);
      }
      lengths.add((int) length);
      tokens.expect("]", "after an array's length");
    }
    Initialiser initialiser = null;
    if (tokens.accept("=")) {
      initialiser = new Initialiser(tokens, kind.type, shape(kind, lengths));
      initialiser.parse();
    } else if (lengths.contains(-1) && !kind.extern && kind.space != Space.PARAM) {
      throw new PtxException(
          line, name + ": an array without a length is .extern or has an initialiser; give it one");
    }
    return new Declared(name, kind, List.copyOf(lengths), initialiser, line);
  }

  /** Variables of one declaration up to its semicolon, which is taken. */
  List<Declared> variables(Kind kind) {
    List<Declared> all = new ArrayList<>();
    do {
      all.add(variable(kind));
    } while (tokens.accept(","));
    tokens.expect(";", "after a declaration");
    return all;
  }

  /** Registers of one declaration up to its semicolon, which is taken. */
  void registers(Names names) {
    Kind kind = kind(Space.REG, false);
    do {
      int line = tokens.line();
      String name = tokens.word("a register's name");
      int count = -1;
      if (tokens.accept("<")) {
        count = tokens.count("how many registers");
        tokens.expect(">", "after how many registers");
      }
      names.registers(name, kind.type, count, kind.width, line);
    } while (tokens.accept(","));
    tokens.expect(";", "after a declaration");
  }

  /** Parameters or results in parentheses; registers among them are declared in {@code names}. */
  List<Declared> parameters(Names names) {
    List<Declared> all = new ArrayList<>();
    tokens.expect("(", "before parameters");
    if (tokens.accept(")")) {
      return all;
    }
    do {
      Token token = tokens.next();
      if (token.is(Token.Kind.DOT, "param")) {
        all.add(variable(kind(Space.PARAM, false)));
      } else if (token.is(Token.Kind.DOT, "reg")) {
        Kind kind = kind(Space.REG, false);
        int line = tokens.line();
        String name = tokens.word("a parameter's name");
        names.registers(name, kind.type, -1, kind.width, line);
        all.add(new Declared(name, kind, List.of(), null, line));
      } else {
        throw new PtxException(
            token.line(), "expected '.param' or '.reg' before a parameter, got " + token.shown());
      }
    } while (tokens.accept(","));
    tokens.expect(")", "after parameters");
    return all;
  }

  private int alignment(Token at) {
    int alignment = tokens.count("an alignment");
    if (alignment == 0 || Integer.bitCount(alignment) != 1) {
      throw new PtxException(at.line(), "an alignment is a power of two, got " + alignment);
    }
    return alignment;
  }

  /** {@code .attribute(.managed, .unified(1, 2))}: all device memory is one here, so that none changes anything. */
  private void attribute() {
    tokens.expect("(", "after .attribute");
    for (int depth = 1; depth > 0; ) {
      Token token = tokens.next();
      if (token.kind() == Token.Kind.END) {
        throw new PtxException(
            token.line(), "expected ')' after .attribute, got the end of the text");
      }
      depth += token.mark("(") ? 1 : token.mark(")") ? -1 : 0;
    }
  }

  private static List<Integer> shape(Kind kind, List<Integer> lengths) {
    List<Integer> shape = new ArrayList<>(lengths);
    if (kind.width > 1) {
      shape.add(kind.width);
    }
    return shape;
  }

  private static String word(Space space) {
    return space.name().toLowerCase(java.util.Locale.ROOT);
  }
}
