import Detection

await DetectorAgent.main()
