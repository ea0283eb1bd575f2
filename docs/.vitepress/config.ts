// What is the site: which files are its pages, in which order, and how they look?
import { defineConfig } from 'vitepress'
import { githubSlug } from '../make/anchors.ts'
import { followLinks } from '../make/links.ts'
import { drawPlots } from '../make/plots.ts'
import { guides, packageNames, references, rewrites, unread } from '../make/pages.ts'

export default defineConfig({
  title: 'fastify-arr',
  titleTemplate: ':title · fastify-arr',
  description: 'A WebSocket reverse proxy in the terms of IIS, as a family of Fastify plugins.',
  lang: 'en',
  // The READMEs of the packages are pages as well, so that the search finds them.
  srcDir: '..',
  srcExclude: [...unread],
  rewrites: { ...rewrites },
  outDir: process.env.DOCS_OUT ?? './.vitepress/dist',
  cacheDir: './.vitepress/cache',
  base: process.env.DOCS_BASE ?? '/',
  ignoreDeadLinks: 'localhostLinks',
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  markdown: {
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    // The READMEs link to each other's headings as GitHub names them.
    anchor: { slugify: githubSlug },
    toc: { slugify: githubSlug },
    headers: { slugify: githubSlug },
    languageAlias: { config: 'xml' },
    // An address in a sentence is no link.
    linkify: false,
    config: markdown => {
      followLinks(markdown)
      drawPlots(markdown)
    }
  },
  vite: {
    publicDir: false,
    // The index of the search is one file.
    build: { chunkSizeWarningLimit: 4_000 },
    plugins: [{
      name: 'vue-of-the-site',
      enforce: 'pre',
      // The READMEs are outside of this folder, where Vue is not found.
      resolveId: (id: string, _importer: string | undefined, { ssr }: { ssr?: boolean }) => ssr === true && /^vue(?:\/server-renderer)?$/.test(id) ? { id, external: true } : null
    }]
  },
  themeConfig: {
    nav: [
      { text: 'Start', link: '/guide/start' },
      { text: 'WebSockets behind proxies', link: '/guide/websockets-behind-proxies' },
      { text: 'Reference', link: '/reference/options' }
    ],
    sidebar: [
      { text: 'Guide', items: guides.map(({ title, path }) => ({ text: title, link: `/${path}` })) },
      { text: 'Reference', items: references.map(({ title, path }) => ({ text: title, link: `/${path}` })) },
      { text: 'Packages', items: packageNames().map(name => ({ text: name, link: `/packages/${name}` })) }
    ],
    outline: { level: [2, 3], label: 'On this page' },
    search: { provider: 'local' },
    socialLinks: [{ icon: 'github', link: 'https://github.com/fastify-arr/fastify-arr' }]
  }
})
