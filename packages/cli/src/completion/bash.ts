import type { CommandNode } from './command-tree.ts';

/** A script for bash 4 and later that needs nothing else, `bash-completion` neither. */
export function bashCompletion(nodes: readonly CommandNode[]): string {
  const paths = nodes.map(({ path }) => path);
  return `# berth: completion for bash. Use it with: source <(berth completion bash)
_berth_reply() {
  local path=berth word i
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "$path $word" in
      ${alternatives(paths.slice(1))}) path="$path $word" ;;
    esac
  done
  # "--flag=value" and "a:b" come as three words each.
  if [[ $cur == "=" ]]; then cur=; elif [[ $prev == "=" ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  if [[ $cur == ":" ]]; then head=$prev: cur= prev=\${COMP_WORDS[COMP_CWORD-2]}
  elif [[ $prev == ":" ]]; then head=\${COMP_WORDS[COMP_CWORD-2]}: prev=\${COMP_WORDS[COMP_CWORD-3]}; fi
  cur=$head$cur
  case "$path $prev" in
${nodes.flatMap(valueCases).join('\n')}
  esac
  case "$path" in
${nodes.map(wordCase).join('\n')}
  esac
  # Places are files as often as names: both are left to the shell's own completion.
  [[ \${#COMPREPLY[@]} -gt 0 ]] || COMPREPLY=($(compgen -f -- "$cur"))
}
_berth() {
  local head=
  COMPREPLY=()
  _berth_reply
  # The shell replaces only what stands after the last colon.
  COMPREPLY=("\${COMPREPLY[@]#"$head"}")
}
complete -o filenames -F _berth berth
`;
}

function valueCases({ path, values }: CommandNode): string[] {
  return values.map(({ flags, choices }) => {
    const patterns = alternatives(flags.map((flag) => `${path} ${flag}`));
    const reply = choices.length === 0 ? 'compgen -f' : `compgen -W '${choices.join(' ')}'`;
    return `    ${patterns}) COMPREPLY=($(${reply} -- "$cur")); return ;;`;
  });
}

function wordCase({ path, commands, options, words }: CommandNode): string {
  const flags = options.map(({ flag }) => flag).join(' ');
  const names = [...commands.map(({ name }) => name), ...words].join(' ');
  return `    "${path}")
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '${flags}' -- "$cur")); return; fi
      COMPREPLY=($(compgen -W '${names}' -- "$cur")) ;;`;
}

function alternatives(patterns: readonly string[]): string {
  return patterns.map((pattern) => `"${pattern}"`).join(' | ');
}
