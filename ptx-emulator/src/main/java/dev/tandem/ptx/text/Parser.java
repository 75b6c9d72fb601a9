package dev.tandem.ptx.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Reads a PTX file. */
public final class Parser {
  private final Tokens tokens;
  private final VariableParser variables;
  private final Declarations declarations = new Declarations();
  private final List<Runnable> aliases = new ArrayList<>();
  private String version;
  private String target;

  private Parser(List<Token> all) {
    tokens = new Tokens(all);
    variables = new VariableParser(tokens);
    // A .file may stand after the code that it is for.
    for (int i = 0; i + 2 < all.size(); i++) {
      if (all.get(i).is(Token.Kind.DOT, "file")
          && all.get(i + 1).kind() == Token.Kind.INTEGER
          && all.get(i + 2).kind() == Token.Kind.STRING) {
        int number = (int) ConstantExpression.integer(all.get(i + 1)).bits();
        declarations.files.put(number, all.get(i + 2).text());
      }
    }
  }

  /** Throws {@link PtxException} with the line where the text is not well formed. */
  public static PtxModule parse(String ptx) {
    return new Parser(Lexer.tokens(ptx)).module();
  }

  private PtxModule module() {
    if (!tokens.peek().is(Token.Kind.DOT, "version")) {
      throw tokens.expected("'.version' at the beginning");
    }
    while (tokens.peek().kind() != Token.Kind.END) {
      Token token = tokens.next();
      if (token.mark(";")) {
        continue;
      }
      if (token.kind() == Token.Kind.WORD && tokens.accept(":")) {
        continue;
      }
      if (token.kind() != Token.Kind.DOT) {
        throw new PtxException(token.line(), "expected a directive, got " + token.shown());
      }
      directive(token);
    }
    if (target == null) {
      throw tokens.expected("'.target' somewhere before this");
    }
    aliases.forEach(Runnable::run);
    declarations.checkAddresses();
    return new PtxModule(version, target, declarations.variables, declarations.functions);
  }

  private void directive(Token token) {
    switch (token.text()) {
      case "version" -> version = tokens.next().text();
      case "target" -> target();
      case "address_size" -> addressSize();
      case "file" -> file();
      case "loc" -> new SourceLines(tokens, declarations.files).location();
      case "section" -> section();
      case "pragma" -> {
        tokens.next();
        tokens.expect(";", "after .pragma");
      }
      case "alias" -> alias();
      case "extern" -> declaration(tokens.next(), true);
      case "visible", "weak", "common" -> declaration(tokens.next(), false);
      default -> declaration(token, false);
    }
  }

  private void target() {
    String first = tokens.word("a target, as sm_80");
    target = target == null ? first : target;
    while (tokens.accept(",")) {
      tokens.word("an option of the target");
    }
  }

  private void addressSize() {
    int line = tokens.line();
    int bits = tokens.count("64 after .address_size");
    if (bits != 64) {
      throw new PtxException(
          line, ".address_size is 64 here, got " + bits + "; compile for 64 bits");
    }
  }

  private void file() {
    tokens.count("a file's number");
    if (tokens.next().kind() != Token.Kind.STRING) {
      throw tokens.expected("a file's name in quotes before this");
    }
    while (tokens.accept(",")) {
      tokens.count("the file's time or size");
    }
  }

  /** Debug data, which never matters to execution. */
  private void section() {
    if (tokens.peek().kind() == Token.Kind.DOT || tokens.peek().kind() == Token.Kind.WORD) {
      tokens.next();
    }
    int line = tokens.line();
    tokens.expect("{", "after a section's name");
    for (int depth = 1; depth > 0; ) {
      Token token = tokens.next();
      if (token.kind() == Token.Kind.END) {
        throw new PtxException(line, "a section without an end; close it with '}'");
      }
      depth += token.mark("{") ? 1 : token.mark("}") ? -1 : 0;
    }
  }

  private void alias() {
    int line = tokens.line();
    String name = tokens.word("a function's second name");
    tokens.expect(",", "between the names of .alias");
    String of = tokens.word("a function's name");
    tokens.expect(";", "after .alias");
    aliases.add(() -> declarations.alias(name, of, line));
  }

  private void declaration(Token token, boolean extern) {
    switch (token.text()) {
      case "global", "const", "shared", "local" -> {
        Space space = Space.of(token.text()).orElseThrow();
        for (VariableParser.Declared one : variables.variables(variables.kind(space, extern))) {
          declarations.variable(one.named(one.name()));
        }
      }
      case "func" -> function(false);
      case "entry" -> function(true);
      case "tex" ->
          throw new PtxException(
              token.line(), ".tex: textures are not emulated; read global memory instead");
      case "reg" ->
          throw new PtxException(
              token.line(), ".reg outside functions; declare registers where they are used");
      default -> throw new PtxException(token.line(), "expected a directive, got " + token.shown());
    }
  }

  private void function(boolean kernel) {
    Names names = new Names(null, "");
    skipAttribute();
    List<VariableParser.Declared> results =
        !kernel && tokens.peek().mark("(") ? variables.parameters(names) : List.of();
    int line = tokens.line();
    String name = tokens.word(kernel ? "a kernel's name" : "a function's name");
    List<VariableParser.Declared> parameters =
        tokens.peek().mark("(") ? variables.parameters(names) : List.of();
    Function.Limits limits = limits(name);
    if (tokens.accept(";")) {
      declarations.function(
          new Function(
              name, kernel, plain(parameters), plain(results), List.of(), null, limits, line));
      return;
    }
    tokens.expect("{", "before the body of " + name);
    List<Variable> in = declared(parameters, names);
    List<Variable> out = declared(results, names);
    // A function may name itself; the linker says what is wrong with that.
    declarations.function(new Function(name, kernel, in, out, List.of(), null, limits, line));
    BodyParser body = new BodyParser(tokens, declarations, names);
    List<Statement> statements = body.parse();
    declarations.function(
        new Function(
            name,
            kernel,
            in,
            out,
            List.copyOf(body.variables()),
            List.copyOf(statements),
            limits,
            line));
  }

  /** Parameters of a declaration, where names do not count. */
  private static List<Variable> plain(List<VariableParser.Declared> all) {
    return all.stream().map(one -> one.named(one.name())).toList();
  }

  private List<Variable> declared(List<VariableParser.Declared> all, Names names) {
    List<Variable> list = new ArrayList<>();
    for (VariableParser.Declared one : all) {
      Variable variable =
          one.named(one.kind().space() == Space.REG ? one.name() : declarations.unique(one.name()));
      if (variable.space() != Space.REG) {
        names.variable(one.name(), variable);
      } else if (one.kind().width() > 1) {
        throw new PtxException(
            one.line(), one.name() + ": a vector register is no parameter; pass its parts");
      }
      list.add(variable);
    }
    return List.copyOf(list);
  }

  /** Performance directives and attributes between the parameters and the body. */
  private Function.Limits limits(String name) {
    int[] most = null;
    int[] exactly = null;
    while (tokens.peek().kind() == Token.Kind.DOT) {
      Token token = tokens.next();
      switch (token.text()) {
        case "maxntid" -> most = threads();
        case "reqntid" -> exactly = threads();
        case "minnctapersm",
            "maxnctapersm",
            "maxnreg",
            "maxclusterrank",
            "abi_preserve",
            "abi_preserve_control" ->
            tokens.count("a number after ." + token.text());
        case "noreturn" -> {}
        case "pragma" -> {
          tokens.next();
          tokens.expect(";", "after .pragma");
        }
        case "attribute" ->
            throw new PtxException(token.line(), ".attribute goes before the name of " + name);
        case "reqnctapercluster", "explicitcluster", "blocksareclusters" ->
            throw new PtxException(
                token.line(),
                name
                    + ": clusters of blocks (."
                    + token.text()
                    + ") are not emulated; launch plain blocks");
        default ->
            throw new PtxException(
                token.line(),
                name + ": expected ';' or '{' after the header, got " + token.shown());
      }
    }
    return new Function.Limits(most, exactly);
  }

  private int[] threads() {
    int[] threads = new int[3];
    Arrays.fill(threads, 1);
    int axis = 0;
    do {
      if (axis == threads.length) {
        throw tokens.expected("at most three numbers of threads");
      }
      threads[axis++] = tokens.count("a number of threads");
    } while (tokens.accept(","));
    return threads;
  }

  private void skipAttribute() {
    if (!tokens.acceptDot("attribute")) {
      return;
    }
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
}
