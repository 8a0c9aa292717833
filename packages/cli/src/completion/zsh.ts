import type { CommandNode } from './command-tree.ts';

/** A script for zsh that works when it is sourced and as a file `_berth` in the fpath. */
export function zshCompletion(nodes: readonly CommandNode[]): string {
  return `#compdef berth
# berth: completion for zsh. Use it with: source <(berth completion zsh)
_berth() {
  # Not "path": to zsh that is the PATH.
  local place=berth cur=\${words[CURRENT]} prev=\${words[CURRENT-1]} word
  local -a flags names
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$place $word" in
      (${alternatives(nodes.slice(1).map(({ path }) => path))}) place="$place $word" ;;
    esac
  done
  case "$place $prev" in
${nodes.flatMap(valueCases).join('\n')}
  esac
  case "$place" in
${nodes.map(wordCase).join('\n')}
  esac
  if [[ $cur == -* ]]; then _describe -o option flags; return; fi
  if (( $#names )); then _describe command names; else _files; fi
}
if [[ $funcstack[1] == _berth ]]; then
  _berth "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
  compdef _berth berth
fi
`;
}

function valueCases({ path, values }: CommandNode): string[] {
  return values.map(({ flags, choices }) => {
    const patterns = alternatives(flags.map((flag) => `${path} ${flag}`));
    const reply = choices.length === 0 ? '_files' : `compadd -- ${choices.map(quote).join(' ')}`;
    return `    (${patterns}) ${reply}; return ;;`;
  });
}

function wordCase({ path, commands, options, words }: CommandNode): string {
  const flags = options.map(({ flag, description }) => described(flag, description));
  const names = [
    ...commands.map(({ name, description }) => described(name, description)),
    ...words.map((word) => described(word, word)),
  ];
  return `    ("${path}")
      flags=(${flags.join(' ')})
      names=(${names.join(' ')}) ;;`;
}

/** `name:description`; a colon in the name would end it. */
function described(name: string, description: string): string {
  return quote(`${name.replaceAll(':', '\\:')}:${description}`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function alternatives(patterns: readonly string[]): string {
  return patterns.map((pattern) => `"${pattern}"`).join(' | ');
}
