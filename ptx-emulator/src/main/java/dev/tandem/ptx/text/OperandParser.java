package dev.tandem.ptx.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads the operands of instructions. */
final class OperandParser {
  private static final Set<String> VECTORS =
      Set.of(
          "%tid",
          "%ntid",
          "%ctaid",
          "%nctaid",
          "%clusterid",
          "%nclusterid",
          "%cluster_ctaid",
          "%cluster_nctaid");
  private static final Pattern SPECIAL =
      Pattern.compile(
          "%(laneid|warpid|nwarpid|smid|nsmid|gridid|lanemask_(eq|le|lt|ge|gt)|clock|clock_hi|clock64"
              + "|pm[0-7](_64)?|envreg([12]?[0-9]|3[01])|globaltimer(_lo|_hi)?|total_smem_size|dynamic_smem_size"
              + "|aggr_smem_size|reserved_smem_offset_(begin|end|cap|[01])|current_graph_exec|is_explicit_cluster"
              + "|cluster_ctarank|cluster_nctarank)");

  private final Tokens tokens;
  private final Declarations declarations;

  OperandParser(Tokens tokens, Declarations declarations) {
    this.tokens = tokens;
    this.declarations = declarations;
  }

  /**
   * Reads one operand.
   *
   * @param opcode tells whether {@code a[1]} is an address ({@code mov}) or what lies there
   */
  Operand operand(Names names, String opcode) {
    Operand first = single(names, opcode);
    if (tokens.accept("|")) {
      return new Operand.Pair(first, single(names, opcode));
    }
    return first;
  }

  /** A register or variable by its name, as calls have them; empty where nothing is called so. */
  Optional<Operand> named(Names names, String name) {
    Optional<Operand> register = names.register(name);
    if (register.isPresent()) {
      return register;
    }
    return names
        .variable(name)
        .or(() -> Optional.ofNullable(declarations.variables.get(name)))
        .map(variable -> new Operand.Symbol(variable, 0));
  }

  private Operand single(Names names, String opcode) {
    Token token = tokens.peek();
    if (ConstantExpression.begins(tokens)) {
      return constant();
    }
    if (token.kind() == Token.Kind.WORD) {
      return word(names, opcode);
    }
    if (tokens.accept("[")) {
      return address(names);
    }
    if (tokens.accept("{")) {
      List<Operand> parts = new ArrayList<>();
      do {
        if (tokens.peek().mark("{")) {
          throw new PtxException(
              token.line(), opcode + ": a vector holds no vectors; write its elements");
        }
        parts.add(single(names, opcode));
      } while (tokens.accept(","));
      tokens.expect("}", "after a vector");
      return new Operand.Vector(List.copyOf(parts));
    }
    if (tokens.accept("!")) {
      // Looked at before it is read: a text of marks alone must not use up the stack.
      if (tokens.peek().kind() == Token.Kind.WORD
          && single(names, opcode) instanceof Operand.Register predicate
          && predicate.type() == Type.PRED) {
        return new Operand.Not(predicate);
      }
      throw new PtxException(
          token.line(), opcode + ": '!' goes before a predicate, got another operand");
    }
    throw tokens.expected("an operand of " + opcode);
  }

  private Operand constant() {
    return switch (ConstantExpression.parse(tokens)) {
      case ConstantExpression.Whole whole -> new Operand.IntegerLiteral(whole.bits());
      case ConstantExpression.Floating floating ->
          new Operand.FloatLiteral(floating.value(), floating.bits(), floating.single());
    };
  }

  private Operand word(Names names, String opcode) {
    Token token = tokens.next();
    String name = token.text();
    if (name.equals("_")) {
      return new Operand.Sink();
    }
    Optional<Operand> named = named(names, name);
    if (named.isEmpty()) {
      return foreign(token);
    }
    if (named.get() instanceof Operand.Symbol(Variable variable, _)) {
      return symbol(variable, opcode);
    }
    return tokens.peek().kind() == Token.Kind.DOT ? part(token, named.get()) : named.get();
  }

  /** A special register or a function. */
  private Operand foreign(Token token) {
    String name = token.text();
    if (VECTORS.contains(name)) {
      return vector(name);
    }
    if (SPECIAL.matcher(name).matches()) {
      return new Operand.Special(name);
    }
    if (declarations.functions.containsKey(name)) {
      return new Operand.FunctionAddress(name);
    }
    throw new PtxException(
        token.line(), name + " is not declared; declare it in this scope or around it");
  }

  /** {@code %tid.x}, or all of {@code %tid}. The fourth part of these is always zero. */
  private Operand vector(String name) {
    if (tokens.peek().kind() == Token.Kind.DOT) {
      int component = component(tokens.next());
      return component == 3
          ? new Operand.IntegerLiteral(0)
          : new Operand.Special(name + "." + "xyz".charAt(component));
    }
    return new Operand.Vector(
        List.of(
            new Operand.Special(name + ".x"),
            new Operand.Special(name + ".y"),
            new Operand.Special(name + ".z"),
            new Operand.IntegerLiteral(0)));
  }

  private Operand part(Token name, Operand register) {
    Token dot = tokens.next();
    if (register instanceof Operand.Vector(List<Operand> parts)) {
      int component = component(dot);
      if (component < parts.size()) {
        return parts.get(component);
      }
    }
    throw new PtxException(
        dot.line(),
        name.text()
            + "."
            + dot.text()
            + ": no such part; vector registers have .x .y .z .w, and selectors of bytes"
            + " belong to video instructions, which are not emulated");
  }

  private static int component(Token dot) {
    int component = dot.text().length() == 1 ? "xyzwrgba".indexOf(dot.text()) : -1;
    if (component < 0) {
      throw new PtxException(dot.line(), "expected .x, .y, .z or .w, got " + dot.shown());
    }
    return component & 3;
  }

  /** A variable's address {@code a}, {@code a+4}, or an element of it, {@code a[1]}. */
  private Operand symbol(Variable variable, String opcode) {
    if (!tokens.accept("[")) {
      return new Operand.Symbol(variable, offset());
    }
    long index = ConstantExpression.integer(tokens, "an element's number");
    tokens.expect("]", "after an element's number");
    Operand.Symbol element = new Operand.Symbol(variable, index * variable.type().bytes());
    return opcode.equals("mov") || opcode.equals("cvta")
        ? element
        : new Operand.Address(element, 0);
  }

  /** After an opening bracket. */
  private Operand address(Names names) {
    Token token = tokens.peek();
    Operand base;
    if (ConstantExpression.begins(tokens)) {
      base = new Operand.IntegerLiteral(ConstantExpression.integer(tokens, "an address"));
    } else {
      String name = tokens.word("a register or variable after '['");
      Operand named =
          named(names, name)
              .orElseThrow(() ->
                  new PtxException(
                      token.line(),
                      name + " is not declared; declare it in this scope or around it"));
      base = tokens.peek().kind() == Token.Kind.DOT ? part(token, named) : named;
    }
    if (tokens.peek().mark(",")) {
      throw new PtxException(
          token.line(),
          "[a, {...}]: coordinates of textures and tensors are not emulated; use addresses");
    }
    long offset = offset();
    if (tokens.peek().mark("+")) {
      throw tokens.expected("']' after one offset");
    }
    tokens.expect("]", "after an address");
    if (base instanceof Operand.Vector) {
      throw new PtxException(
          token.line(), token.text() + " is a vector; an address is one register");
    }
    return new Operand.Address(base, offset);
  }

  private long offset() {
    return tokens.accept("+") || tokens.peek().mark("-")
        ? ConstantExpression.integer(tokens, "an offset")
        : 0;
  }
}
