import Resolution

await ResolverAgent.main()
