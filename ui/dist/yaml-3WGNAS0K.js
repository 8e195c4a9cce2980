var e=/^[A-Za-z_/.][\w ./@:+=,()*<>-]*$/,t=/^(?:y|yes|n|no|on|off|true|false|null|~|[-+.\d].*)$/i;function n(n){return n===``||t.test(n)||!e.test(n)||n.includes(`: `)||n.endsWith(`:`)||n.includes(` #`)?JSON.stringify(n):n}function r(e,t=``){if(e===null)return`null
`;if(typeof e==`string`)return e.includes(`
`)?`|${e.endsWith(`
`)?``:`-`}\n${e.replace(/\n$/,``).split(`
`).map(e=>e?`${t}${e}`:``).join(`
`)}\n`:`${n(e)}\n`;if(typeof e!=`object`)return`${String(e)}\n`;if(Array.isArray(e))return e.length?`\n${e.map(e=>`${t}- ${i(e,`${t}  `)}`).join(``)}`:`[]
`;let a=Object.keys(e);return a.length?`\n${a.map(i=>{let a=e[i],o=r(a,Array.isArray(a)&&a.length>0?t:`${t}  `);return`${t}${n(i)}:${o.startsWith(`
`)?``:` `}${o}`}).join(``)}`:`{}
`}function i(e,t){let n=r(e,t);return n.startsWith(`
`)?n.slice(1+t.length):n}export{r as t};