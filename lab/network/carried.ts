/*
 * The small Tor network that the project carries: written by write.ts from make.ts, not by hand. Read by the lab when no
 * consensus file is given, and by tests.
 */

/** A microdesc consensus of sixty relays that never existed. */
export const carriedConsensus = `network-status-version 3 microdesc
vote-status consensus
consensus-method 33
valid-after 2025-01-01 00:00:00
fresh-until 2025-01-01 01:00:00
valid-until 2025-01-01 03:00:00
voting-delay 300 300
known-flags BadExit Exit Fast Guard HSDir Running Stable V2Dir Valid
params CircuitPriorityHalflifeMsec=30000 NumEntryGuards=1
r embermill AFWjbukNRw5NY68W7w7Y8232v0c 2038-01-01 00:00:00 10.52.254.37 9001 0
m sJHwTRlnIAud0MBz+ZPj95wRhV2p3NDd2gMqwGpcMwo
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=3480
r birchmill AaqLkyUXKA/X15zU3rbFEJvToEY 2038-01-01 00:00:00 10.49.138.207 9001 0
m lA07NwKlkl5rcNrbV0aDO2Eg/m7apIizcNrbNxcJ1MQ
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=630
r gravelharbor Ac3pTNCM7LhGwF2ob+jVf7pr3eI 2038-01-01 00:00:00 10.42.152.17 9001 0
m aRW4o/YsjhBI9VaIctsMYyh4AuqMbyICsRn5Sdukuqs
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=15
r hazelmill BloJPwqokCH4iqggqn0T+FHl3No 2038-01-01 00:00:00 10.55.226.115 9001 0
m jawlW6diIrQkoPeLjkPZzAfKgpFSOzI/BA3GM9GdBDw
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=731
r deltafield Dne3KzBiW8MhgdyOofnndVVIaEU 2038-01-01 00:00:00 10.15.4.176 9001 0
m byphKQZpnz9pebS+G8HHr3ZZd/B1TEnUf1OBYceA5lU
s Fast Guard HSDir Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=2900
r deltamill HW3WOpFO5c4eCHvtrMYnJ0V4CHE 2038-01-01 00:00:00 10.51.125.67 9001 0
m RqMd7CGCkECF6c+OL9WosBITMxeRhSvnxfGYtCN82SQ
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=1040
r kelpfield IVEhY4ODG9LqnX3by5l8BMoGSJw 2038-01-01 00:00:00 10.22.154.102 9001 0
m t7HUUfzp787iS+ybKmoA4exGyjnjm/UGv0vhww/CXhw
s Exit Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=4080
r birchgate KBnbDXHhjDsTx7yAOf+O3k0tNz0 2038-01-01 00:00:00 10.25.81.217 9001 0
m FZBYZJOtjvMqihHwqUgbL5xbGuimWZSyLdWFDd+09Dg
s Exit Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=157
r indigofield KgBlfYvhHzgqxyuoond+HBAZdoQ 2038-01-01 00:00:00 10.20.166.160 9001 0
m l4WAYFd/LB5RiWGnrdts88j4r14+e2ez7pDSUE4ZrHw
s Exit Fast Guard HSDir Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=19400
r gravelgate K0hjyhHE5EwONM4SWFEbilNlfe4 2038-01-01 00:00:00 10.30.69.120 9001 0
m 6BZkkhwFKPF8222XgaH6ne0kpQ7perLGsPD2Z1egg4c
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=2010
r ambergate Op1fSZftaWvbRHZW4X3YQXBESs8 2038-01-01 00:00:00 10.24.59.88 9001 0
m Y4SndiOGCi3lPRB4xur6gx/4Ta3lyJBHig9aXRnHAKQ
s Exit Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=4260
r cedarfield O13ffbbq/j5JdiRKkNGEdksYuYA 2038-01-01 00:00:00 10.14.109.75 9001 0
m OV6XKZPfjG6tRHZwAocDI8mq5gqaZfDwkX2KDWNW3+M
s Fast Guard HSDir Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=37700
r cedargate P5O5EKMl7S1EluqsMuBi3q2BOc8 2038-01-01 00:00:00 10.26.43.165 9001 0
m 03bDeHaLxM5oDF3nB/ogGrdnnYs/MxCJ6+oL0jmkp8M
s BadExit Exit Running V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=614 Unmeasured=1
r hazelbrook QKH4vH1/XGNt6YMV0OluKA2ikP4 2038-01-01 00:00:00 10.7.165.137 9001 0
m eBPVED9zQ65g1aLvOcUfduSMhtBxRFXD1ZJRsq1FGpU
s Fast Guard HSDir Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=5020
r embergate RMk0vp1/VDo1vC+ybvMHP5AJZSY 2038-01-01 00:00:00 10.28.112.240 9001 0
m lsNzIkMRHMbUa45VLKTSiwORwaFJ/ka1HTpzNMi53YQ
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=749
r indigoharbor RYy3Cmz0K+nBVK2kQI7pdNJ3uZo 2038-01-01 00:00:00 10.44.202.215 9001 0
m tmAiuuPKZQo0bd4cohrQtijBIB2RILjPryQBi81IN1E
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=80
r birchharbor UUfeWKWSPuOBXLkT5PZrLuoozsM 2038-01-01 00:00:00 10.37.38.94 9001 0
m yphoGi/+b5HBpaQrud8Ssp4pGTP+Qiz6SHWjX1Rjc54
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=218
r gravelbrook YfFaWq1RtxKeb/g3YZs0G0vuS3A 2038-01-01 00:00:00 10.6.42.201 9001 0
m YF2mbaliN1kWM9MI5N7zxPzdY+W4hwpt8wNqhoAil48
s Fast Guard HSDir Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=14400
r amberbrook aj5/0OHxuS6l/w2+oC1aGDHktbk 2038-01-01 00:00:00 10.0.170.216 9001 0
m TFw1Il1i3XkVRX2EcdTv1EZTX3iSYSTTWFC0Xrl85N8
s Fast Guard HSDir Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=20800
r hazelfield bO/SBrsn3y4a62OQwdyT16cQKPo 2038-01-01 00:00:00 10.19.59.24 9001 0
m sY+9gVn3P2vhOZabYN2PdEhquHzKwkAYV1yc/awFYQ0
s Exit Fast Guard HSDir Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=14400
r deltagate dAPBgtHOfuJMcFNTMGvhy+Bk0dw 2038-01-01 00:00:00 10.27.185.144 9001 0
m pG2YodfNuTbhPBDsz6QlXLeoaMvbCpJuL0VDqi2O350
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=296
r birchbrook eOJ9R2yMqsi10qDcCUWfXcrAmzs 2038-01-01 00:00:00 10.1.186.24 9001 0
m ydMTdZRbPeZk+Yn5ah0QdZ/92aYwnScmwFc1vOJ07RM
s Fast Guard HSDir Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=2470
r birchfield eY+YDmK87W91SW/leasip42aHCU 2038-01-01 00:00:00 10.13.164.242 9001 0
m pMlvE/2alZZsXewJgbk7P4DrgqYsbg1Is6z3+aoq5MA
s Fast Guard HSDir Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=17400
r fjordharbor eycSYt+ucVTVZLTNwKLA8S3rMuc 2038-01-01 00:00:00 10.41.40.105 9001 0
m oFxZEuTqPpnzPkWLbqrToK838xfc/YM+BJkuD7RdHpA
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=34
r indigomill fAxUEhUmppTljgFWO9PHiy3sntM 2038-01-01 00:00:00 10.56.60.9 9001 0
m 0+3yRbtLVY1NY0Y5ySeeXAZZ0PMz2qwtOg3MUZ+I3iA
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=1230
r amberfield fnfXQKZZOOs3UlTcNpCCSW5E/18 2038-01-01 00:00:00 10.12.9.104 9001 0
m 7uxnH0cA9AharhsECDZBFQwK6JdFZuDdZcTDwO9cTAU
s Fast Guard HSDir Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=8590
r junipergate f1KHmaYckBvuyx6WQfbcF/z899c 2038-01-01 00:00:00 10.33.136.193 9001 0
m DZMyJcOagNnof5NVJ61K4QS2OiqObq00rxqhVSuU8Nc
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=1570
r indigogate gWH7Q7C2Ee5rlmzzy+2pXWL9AWI 2038-01-01 00:00:00 10.32.32.156 9001 0
m gHR2AtHcFGK2TRNL7hPuLZX3SjOGCFqO6LwcoTj+i30
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=2730
r deltabrook gh4hidYKL48X1xoC0y2If0vvJls 2038-01-01 00:00:00 10.3.118.34 9001 0
m j0FnzFSvyM3OEFwpUpfa+NJVMFBXIH/dXog5kj0x5M8
s Fast Guard HSDir Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=7350
r emberfield gnZEIsmZskQ3EJvoJ4+ybQ/HBWM 2038-01-01 00:00:00 10.16.216.232 9001 0
m oUrVvyVvr/Mwn/2XEKl70ZekiIBn1Zj3tArgqBRgrJU
s Fast Guard HSDir Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=18400
r fjordfield g5UF51Qd/3UTX/v488lFA4tydOQ 2038-01-01 00:00:00 10.17.54.172 9001 0
m P6FtW4080Tu1psnzVQ7GljgZ+uuchG9H+aVObMkkR1E
s Fast Guard HSDir Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=59700
r juniperharbor iXb11avRCNnN6f3vhGY9NnzE+XU 2038-01-01 00:00:00 10.45.25.168 9001 0
m WWuM/xwO5JxyMqoYYSL8Qj/6vAsRy2FPRnSw4noT4fs
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=79
r indigobrook kpbVFUZI/AJ5BVQlcqeeoXwipgA 2038-01-01 00:00:00 10.8.198.36 9001 0
m Tn71bR+IiIdZVP3/a/9qjgFqKiSHZTnyB7jr2AggZik
s Fast Guard HSDir Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=12600
r lichenfield k2X9XErLz89b21vHOUGhqHUPqSI 2038-01-01 00:00:00 10.22.231.177 9001 0
m zvy8wpbADXwVEnrgeR8R38a3xMpn7kfIedd7QloUulg
s Exit Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=206
r fjordbrook lIODzqgmu3cpKk8qoz2IC/loess 2038-01-01 00:00:00 10.5.135.39 9001 0
m j9h5Fi1nI6uge53EYTU6R/5lYAXNvkhdQRDFk3vWipA
s Fast Guard HSDir Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=2740
r kelpgate nKBzgwAeZ0QSz1wZTsigj+wipio 2038-01-01 00:00:00 10.34.180.142 9001 0
m JjbLx/VaKSE6b53SiJGyzXaBzjqtFrbSqb36rzL6ZdA
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=50
r cedarbrook o209ReZzk/mMEVg75tobksbaGW0 2038-01-01 00:00:00 10.2.170.65 9001 0
m ROJPwp3ewoYAqvh0ARIPPVjchcwxaBVCI4PtMmBo44k
s Fast Guard HSDir Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=9920
r lichenharbor rQXGfx09EY8CNaJCLh4eEsDa6zc 2038-01-01 00:00:00 10.47.9.2 9001 0
m MTG9YMkuZyo6jv0/QAvtDQuYPfA5T36p2dqDp7+HHNY
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=195
r kelpharbor sShBYdzP6IhLFH41vfzyGTpbk4E 2038-01-01 00:00:00 10.46.58.252 9001 0
m ORIMuluLAhzWvaZ0F1zRTSpjOFzzgiWohHzSjqwaMDQ
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=3670
r amberharbor tSzAOOvTeTVa91Grh1vefw9APCk 2038-01-01 00:00:00 10.36.52.223 9001 0
m 9BGfOXpOYqK4RULaLO8AGtjqB+PtDKGw33d2YS8hMNQ
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=185
r gravelmill u0oHa4dDRTRqh9JTs6uvGF7He/8 2038-01-01 00:00:00 10.54.207.65 9001 0
m ffKFpjNQA2rBFidsQ+FTgphqnzQeGEdGwt53QeAAvXc
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=198
r cedarmill w5IzyutVBXPmiNDVd1cE4SJC7jo 2038-01-01 00:00:00 10.50.252.111 9001 0
m HVq5aJixroJ/82Iqavdt9ZYkQjlMOGm61IMG9zzgM5I
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=1700
r cedarharbor xOuffpcWRD+SO5r8bLTGF20SSv8 2038-01-01 00:00:00 10.38.118.222 9001 0
m KmI0NVb7DhVk1kEISmZsdGmzaQ4nSPLndOglbI6y34Q
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=58
r hazelgate xgHyvA0e88tCUsOBvl0YlOMbM/w 2038-01-01 00:00:00 10.31.202.25 9001 0
m eBaKrSJVvK506cODUaz4QGRmCJkAHgecp7JW4hET8R4
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=1390
r lichengate xlFsoGRzgrbUUB9hnyJ+ozdLSNU 2038-01-01 00:00:00 10.35.239.69 9001 0
m dYdpQDdHXmKln5Mrj7Zm5Vgxf1VYe2Ze3TKivI0jEgg
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=2340
r juniperfield zShY4rvlVMDNrA4JvrILibLt9hc 2038-01-01 00:00:00 10.21.142.38 9001 0
m g5sIjjRHF4B08AVx+5KgZOm8VQLb2ivCkbNINLaHe7Q
s Exit Fast Guard HSDir Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=9530
r fjordmill 0HPcgpzCQRsBKDVELxDdkqZPHkg 2038-01-01 00:00:00 10.53.231.45 9001 0
m IGmlPbXsNhaEaMtpUkncaoo1URuk4wr4jv3CmDU1axc
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=8
r lichenbrook 2QVynZwBVCCQ2429cg0nM1MRtWs 2038-01-01 00:00:00 10.11.187.104 9001 0
m ShS2/hREuBX9wzZWUasFO02TbUzpOy/C9w1e25qioUY
s Fast Guard HSDir Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=58800
r emberharbor 39Amp5IBEw5fnTVp6OK19I2uarw 2038-01-01 00:00:00 10.40.111.196 9001 0
m KRRgiUKn93iJ5lf+4Iqq1gu/tbXJ6Ilu15bd5hF3/+0
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=4490
r kelpbrook 5PxE2dZbDobWXZfPTqq5jAvDHJc 2038-01-01 00:00:00 10.10.124.39 9001 0
m EipjlkAGJkOhKgAJUDhmuwXGOlNimm+V0fGQTot78WQ
s Fast Guard HSDir Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=13600
r ambermill 6GLH8BkHCWyV5xrSh9Y502Jilvw 2038-01-01 00:00:00 10.48.228.203 9001 0
m zNCzL6C57yZoPPHdaxOFBcT5pwyqC39QbG8NMzBAL+g
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=146
r gravelfield 6Tq306GWw4QB3nKacjohBbvN+Ew 2038-01-01 00:00:00 10.18.95.35 9001 0
m HcJAvkW9l7MXFVIc70gdYkYlO9OQYr1+XNjXRhS0m8c
s Exit Fast Guard HSDir Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=8960
r hazelharbor 6kCHl9eQUqzaC/li26M9yLd1GnI 2038-01-01 00:00:00 10.43.65.251 9001 0
m hSrsstyZ+zam+lP2wteez4+i1ZwS50iLwW3+gtzWfXk
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=874
r fjordgate 6vqaKyWxP9cBFq/9gqGN3ro7BQA 2038-01-01 00:00:00 10.29.154.75 9001 0
m Rme5l1HiX3kNrR4Z/+APYz99CjgjsQFm3Io18jcAQi0
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=1350
r emberbrook 7n9fZ3l39DZCergyFcAwdr6++Ro 2038-01-01 00:00:00 10.4.145.171 9001 0
m edc6RUW2nY+a50jkp5mF8KO577Klf5Zm8jKaFjl7xH8
s Fast Guard HSDir Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=3560
r junipermill 745q4gs2FVo35SoMKoGnZ20sNrM 2038-01-01 00:00:00 10.57.74.239 9001 0
m vBYjae/fbWjGLRblr+T92vbg975QFOnljNKNV7h8+Fk
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=49
r deltaharbor 8t5NVjrXceMJCKc4kQLosa7BO04 2038-01-01 00:00:00 10.39.93.32 9001 0
m RC5RMIEyB7nY/vTMgGYmZIN1hefa81Mq5/9uv0UDg/k
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=63
r Unnamed 8yBiLKOShOUEoO134wV6mYk0suI 2038-01-01 00:00:00 10.59.147.27 9001 0
m Wso+i1gasWJBhm6Am2eQ1yocVRcms9gfLJXObtY96Hw
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=1260
r juniperbrook 83oj1GVXOIkM3fXUJrEBZDlYkyg 2038-01-01 00:00:00 10.9.103.61 9001 0
m Sis+whmcTusJwITnTafsjmfNWbwphcEnJ/5BLX8IadQ
s Fast Guard HSDir Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=2840
r Unnamed +57N3s6E+gwxIdirPfChcqKPc/8 2038-01-01 00:00:00 10.58.7.206 9001 0
m 3tQ8YEbG87R9iDgGvcgKiGgfNWRf5Bawn4S6FzMoSLk
s Fast Running Stable V2Dir Valid
v Tor 0.4.8.12
w Bandwidth=582
directory-footer
bandwidth-weights Wbd=0 Wbe=0 Wbg=4429 Wbm=10000 Wdb=10000 Web=10000 Wed=10000 Wee=10000 Weg=10000 Wem=10000 Wgb=10000 Wgd=0 Wgg=5571 Wgm=5571 Wmb=10000 Wmd=0 Wme=0 Wmg=4429 Wmm=10000
directory-signature sha256 FCBA174F4299E318773B6065FB3CB9E061E4EB67 7168282B4A9E7D1B168CDC9ED510F70A26E0B95C
-----BEGIN SIGNATURE-----
dqUar1YOT19g6vx9XJKIXlrQUbs6+2RdiCzo0Vb7haaKHcQsRLF2SkdFvl4M8qT8
mfDAK9+PSMj+xBDPBAp1t5qPov/XrduO1hlpKDTfMhspsokFLgxS7vPNh4kXOg1H
naatat25a90AnDdJE/ZNkS040wx/Ejmjjioe7kCWoh9VOSLvg2zpeLDlW8pzu/pb
myzhmlExOAXfl7Qe7eYDWh9LstO8UE6hsK5ByOb1H9uu9O9on8Ogndg1LhroRqoq
jAmyHMVmvyrbAVBpnQrVlJ/00tjdDWKnM+IrtI6CPnda6bLAHUaQZf8SX7rSp8kM
ZO2VvBcAqbnw1T425+kB3w==
-----END SIGNATURE-----
`;

/** Its microdescriptors, with family lines. */
export const carriedMicrodescs = `onion-key
ntor-onion-key f2gY2ABd5SRwQmg3Xv3ng1SAYnoBrMHcs4JxwfNQAXY
id ed25519 TU7LA5xJrTuIj37YeV95VOFQ/n+gV5pqdO+Yk4fIx1c
onion-key
ntor-onion-key USSVBEbvxD2a19/Ut7oz1ywqBQWQ92Smjfz3GSUylcU
id ed25519 blTYFcmgoCsQ0jQRXv92a//qn3ieoMppEe1fow3Bd3s
onion-key
ntor-onion-key Fl/rSFI1uRdXBBR3KMK4gG/75zDFIY8ewE8fdKpZqfA
family $6CEFD206BB27DF2E1AEB6390C1DC93D7A71028FA $7B271262DFAE7154D564B4CDC0A2C0F12DEB32E7 $EE7F5F677977F436427AB83215C03076BEBEF91A
id ed25519 EYXXaE7fe8r8nHFmz4h69/IRvfnjozQPiOknA4BicMw
onion-key
ntor-onion-key IgI0HIlTBr3own/h+lcPcH/+zImY3+6zybHBhp9aS4k
id ed25519 bvGTV8I8Qf8vdtUIGa5IAXYNoy2jsShcI1sngOHi670
onion-key
ntor-onion-key lAcDdF8xy84bkX/l39RgF/vhx/nmkgk+Xt3tihGnTz4
id ed25519 abn7CzY2aGpemqo4TywNbkYOnzQr+a2JUWMC+GNtiec
onion-key
ntor-onion-key EJ8mk16PcwjOqrJxDaDQMLip46xS0kqKxTSoUsgkECU
id ed25519 vUQMRcjJul54paff4OpybTiazUl8hUjr9z3UNMUXDFc
onion-key
ntor-onion-key 5rhaW2G0Kvjj+eNNQvHC5NVf/MlJaEW43ZLmLaGGpMY
family $9365FD5C4ACBCFCF5BDB5BC73941A1A8750FA922
p accept 80,443
id ed25519 lSM2xm0ahkV4enHU5QsUUTaOkNCvmMOhZ4wp+ZRJNyU
onion-key
ntor-onion-key PigGMujfcE3LgzCSc2yZG6bjQsJSL3OaMDcOtwHPQxM
p accept 80,443
id ed25519 kilkYfA7ajBcat+C188ZszZGr7F6I1kDAkoyRs4nbp0
onion-key
ntor-onion-key ZPL5+N1E1ksVwTg9dNjW/nGKnhGLWfiBDFuO+49ZBU0
p accept 80,443
id ed25519 fcajU8GAiEk7dku5G3GNTglb9Dd1sxswTSW5UQGpeZU
onion-key
ntor-onion-key Zox39EVhI/PP+333Nh4SatABtqXGFiUMyAKla4xw2/A
family $6A3E7FD0E1F1B92EA5FF0DBEA02D5A1831E4B5B9 $78E27D476C8CAAC8B5D2A0DC09459F5DCAC09B3B
id ed25519 gEnmgMPtCrJVjrDT3D/tAuhFEx2Y/ioL7TwAyxJp3VQ
onion-key
ntor-onion-key ZA/lTc4dHZj6/BkONXRKcI+wqXaDNAM7lZ5BEI4ZKHQ
p accept 80,443
id ed25519 yJWxQLBBZCxxEyiC58cpn/auzlPb2vgRaAKS9hHjny8
onion-key
ntor-onion-key GcBYZEGMp6FLz3glmNcmb8omrmuhv8vJgJdBme2y0dc
id ed25519 8uhNFvDwwq3VccxqWQtcPU6SacJJdluQW+STgx+dMgQ
onion-key
ntor-onion-key baonnA2iopwIjoCbifVefslpKV9JMU2b1sS6dU80S3U
p accept 80,443
id ed25519 0fl4ajBoL78FlqnMFhA9XqtDtO/0NwAlz4Ew8oFSdIw
onion-key
ntor-onion-key 6NE5fv0gBtW5c7h/Pt0RA2NwMa3WavkO0W/H+mp4igs
id ed25519 ypEsjpxs9FGbivAD2VQO9pQa23WRfMaxrI32FaJ8FPI
onion-key
ntor-onion-key Iy6Ya2+S55/+XULWT9wBZ8fMBAHXGkpPVJ2skD9ZLZ8
id ed25519 xJpaJiUMYGtLV7PvQUQsPhl8GyEnjvux9qgS4GNSaSs
onion-key
ntor-onion-key Q2V5w4txewNhk2KTGGwzFj9EzuTH358qa+WZxukYbRw
id ed25519 /T56Nqcpsh+S7/RE25HwV936rkMCS+8p3yQxTmtSQs4
onion-key
ntor-onion-key 2SUfvg4n47i9h2HMlqv8U6Wo8eCys29PDMI6YyqbCYk
family $B52CC038EBD379355AF751AB875BDE7F0F403C29 $C6516CA0647382B6D4501F619F227EA3374B48D5
id ed25519 MVp8OAuPkrq9Z1+YOpuei7et28GU1f01zD3FLN/QLKo
onion-key
ntor-onion-key RF0AzwkXl7I5zCu9sFCbslPwg69LhvKtsvx1WQG8puU
id ed25519 LUCCjhiwdHZM7eHDQO4/L1ZGJyIt35He93es8Apojd8
onion-key
ntor-onion-key txFVgkUNCH4mNfoo+VhnRfNtgjgVOINzVVvUAT+EY+M
family $2B4863CA11C4E44C0E34CE1258511B8A53657DEE $78E27D476C8CAAC8B5D2A0DC09459F5DCAC09B3B
id ed25519 soDjak2Ruy26C4XH1vmmezoqoQJl7IMtGES3ZsRZMb8
onion-key
ntor-onion-key 6i1xYP4MgiOSmnLf8qkRTPQf5VdElY8a7vQ8DJZCb0o
family $01CDE94CD08CECB846C05DA86FE8D57FBA6BDDE2 $7B271262DFAE7154D564B4CDC0A2C0F12DEB32E7 $EE7F5F677977F436427AB83215C03076BEBEF91A
p accept 80,443
id ed25519 coOLmx6duKUwjvi8gFWrmcfPIBOVtaq25gKV3nisiNU
onion-key
ntor-onion-key SvuhhIMpdrcV/g3KgHHK+CfSMcA7iqzUvTUQXv0vCxY
id ed25519 8eC0NXunL567fYP7q0us3fhCJQc1Q43iKG+oH8bCfqM
onion-key
ntor-onion-key Aff7RwXaRnAAwXpteAezsD7tKYdREyOp277jsC//5Qs
family $2B4863CA11C4E44C0E34CE1258511B8A53657DEE $6A3E7FD0E1F1B92EA5FF0DBEA02D5A1831E4B5B9
id ed25519 WXLuPzbAtcplxX8A0Dj+plpT3sh53UFuabUyN1ZDOtU
onion-key
ntor-onion-key 5HWAgBlc3BN0FkqCg+EfnSjW9Qu3uqugNygnDmXPlk0
id ed25519 A97pcseRMUJYqf40B+d6lspO4A5XqwR+x8iAPySzdMg
onion-key
ntor-onion-key BY22v3VL8/nXSJAzI9goa9QWiYdpzBrSTRPeI/C1xNU
family $01CDE94CD08CECB846C05DA86FE8D57FBA6BDDE2 $6CEFD206BB27DF2E1AEB6390C1DC93D7A71028FA $EE7F5F677977F436427AB83215C03076BEBEF91A
id ed25519 C9VyANE3wya5ng7uXH/ubNulS1RXzaWUes5jHrTYl30
onion-key
ntor-onion-key UMyBzaB5T26zeaqqV04fzJ8XLGg8qwae/WM8Y1SLabE
id ed25519 P1QFG91njC1MsGOaoyStLaPB9OSaZNSwxLab/UJBD4o
onion-key
ntor-onion-key b2iIHTytlODo6DU2ytocuRutkFdfdWVbUnSgkEzDvgg
id ed25519 Ht/IV5DO/PTm0WNc3fFbgrRXIdtaD5pgseU/PM7zrOk
onion-key
ntor-onion-key cRbGjhPq0JiBXfNuyiAA0w80i7d4rvaKcGz0TpP2nqg
id ed25519 frD34+drWLCIyywHcEhnPidqmFU72LOzLx5D+fm/lvk
onion-key
ntor-onion-key 4ZpgVfo00hP1g2KJfusQiFsosWb39uDYurtDTMrDeL8
id ed25519 NFXvaWP2JDeF6t/daGjzxZoGaLIMPC2gyooLFZxMI0Q
onion-key
ntor-onion-key qDsG03qK1fKvqSw5A2e/u9SpbvnrerrcwTpo/9h+cUE
id ed25519 IwDgOBTk2MzvzQptFWiA6SAB+wgFgFKPVDN5QSCP6kU
onion-key
ntor-onion-key y3jnxpSNFoODDI/jZlBCDAV/OM7hUpDASmAuddCELjQ
id ed25519 SwHw68Q97eENyBV7J6qM6vN84HRak/rM2jRgNnzsmAY
onion-key
ntor-onion-key ZBo6vluKE6UMm7T/S0+IJBeiQsqigkPcUszCQImuATM
id ed25519 G+mhi9a9HSDEs62hT1W7t6FUfzctdR4CHHU+0lg3tXM
onion-key
ntor-onion-key LgZyil2o7dT5XhJEnFHnHVRqbckCHPrjuN8VHN5hciI
id ed25519 9CtO2SkDnpyIICthsq0+TknjS14vsjmWwQZYSlK8y7U
onion-key
ntor-onion-key 731tbjETBi8r/QdXlvHYWg3MwKkd9l7jrlW0OVCnbQc
id ed25519 Whjjc/8MN103hFXPeWOLW9/L5nRUpGi2hWHQKCyv/Ww
onion-key
ntor-onion-key AbJt1l+gOutGIx95yGqzDBJmA5OLQO4/qzDMlExOi3c
family $2151216383831BD2EA9D7DDBCB997C04CA06489C
p accept 80,443
id ed25519 wUX+v13V15dBYjIOko6WoV4QvVSfWd5rcRzKTP5E4Qo
onion-key
ntor-onion-key Gd34FhuiBuey0o/eFh5pptLxRi/NoxTMV3z8zAst+fQ
id ed25519 EhbYp9DjOr7EiCw3vODxt38KymHX4YVdOWS9JfnrqOs
onion-key
ntor-onion-key X84+hkCQf1Zm43y+uj3BkKZUxF7wfpoGqy4Rryib1Rg
id ed25519 0foN0SbF6bjiL5U4DomCeu0i0sjWuNvwGne5o2U56Z8
onion-key
ntor-onion-key efNsMZXnhkM5AoHy1FvJlXmn+O7f+D7eKyN1tNSRZvo
id ed25519 mOGIfAxUhh0wuxwc+4oRzAFC6tUDiP51PvmWzd/bVI4
onion-key
ntor-onion-key AIUrMDFbEel83HFp6VXZPyPJ6t2aj7Zyx13BdNz8Iqg
id ed25519 /1NRqKy9+DwZVTFaI3h+3DzKiMkFv3DXLiH+O+Ui1Rc
onion-key
ntor-onion-key UiPZDeq2QcMunm1I29rnzmsT0IJ9XRKBRP1G7ZELwJ0
id ed25519 rSm2E0fPS3SEnjABcJXNT9UG3gW+7vsRJlMtijgW5wM
onion-key
ntor-onion-key cPjvcUQWQln/UqBvQ+Nbr/KA2yRvlLBLYdjOzrRjXdM
family $5147DE58A5923EE3815CB913E4F66B2EEA28CEC3 $C6516CA0647382B6D4501F619F227EA3374B48D5
id ed25519 PjvUHXWr1ste1XkuNfRvZzdihSJTQEYURF7lHrYj1nU
onion-key
ntor-onion-key g8dKKgdEf1wBfXbyaxov3OLDZyeQn3T+Z9qxIPH2pwU
id ed25519 aKdxDoc9cKbhq1xb1Lt9rJ+4sgcoSJToXp724OzIbhA
onion-key
ntor-onion-key iBJk4muXROU9riOw6q78L+gsAMhZZ4MW4kRQGew+XFw
family $A36D3D45E67393F98C11583BE6DA1B92C6DA196D
id ed25519 zOH37AVW+NJFMpSHRz8a2pmiD7/AgJSifDBhmqOH4po
onion-key
ntor-onion-key 9A7LJEvK046mUYlwrQ15BwT69ACBbaS/hAaQyN2CEko
id ed25519 TKAcdV6zEW1BBNTNVVw0niNCqrZaUdimV6NtGzTtWvg
onion-key
ntor-onion-key ido34hIDwaSG+JXs/32kk7JLiIn0OyA+TxMlH3ElmB8
id ed25519 9sCxkTq1gC446HGmAsgXJmK3/Wj5ZYs+bTq+RvBeA/M
onion-key
ntor-onion-key 26hbbysa1pVWzWh8ydjB6ZdNojzG6ZZxetQJlhJ6F7c
family $5147DE58A5923EE3815CB913E4F66B2EEA28CEC3 $B52CC038EBD379355AF751AB875BDE7F0F403C29
id ed25519 x8iMD+owD8BTDCkODAfaTfe+eqLSDSuA4tuyYI4RBDk
onion-key
ntor-onion-key O6fPuQcAYdmho7YX5vDMzyF6RnUfnZqiX+q2Z/goETk
p accept 80,443
id ed25519 A9H09mGDZvi8SSNMMPa+nyCciU8JKEA64UJYgZMkqKw
onion-key
ntor-onion-key DPuDQ44D3L+ovAFgghWHrrWHAwSkxBTgdQJ5LhMZQCE
id ed25519 HSBCKOOzA/OT1MbOcjuf6cNbUXS1HT7dVvV1IZzjYGM
onion-key
ntor-onion-key Pqy9Jxu6EfUwYBz+WYayyCG7EvIsxOOXZfHHLw8FMhQ
id ed25519 aUtHbGAXwDt3aJMCjP1tFumzvs0XytAxC1woCLxTD9E
onion-key
ntor-onion-key OABXTrE2uBFOI2fvas0JZbKqA0IoDyrWe4GwR4KTh/Y
id ed25519 jIFwKvyqFUCPXVmX15mavxDdw4tRLF/p5O/N6Wryr3c
onion-key
ntor-onion-key YLzVVHHsDQumZiGmJxbzfdyeNyN4lp1r4aF+3FjVcZE
id ed25519 yzDCs6WLk3P7SNQJJWM/ny/NsvJVO9Fg22tg0i3x67M
onion-key
ntor-onion-key wlhpjrorYQ4hTxI7T0aWTloUxl3DSIgERnyWgp/jR98
id ed25519 4cK53s6gTWNGF1quLOKPbkRKrQiZF+B4xPH47mr+E8E
onion-key
ntor-onion-key 4icPkJbkesNYTqKlL0ki/07pgd9fmGSaHSN0hXz4pvY
p accept 80,443
id ed25519 gPyxNDUN0T2pW8mFypSxrczpOWEd2OMOdAc//iSGMUU
onion-key
ntor-onion-key BpVzsohowIKYRy+YUBX3f2zlvKNtRgFSXfW+7DhtY4w
id ed25519 4/EAITGtprfRehVPqnimh6/+JlffR05vuIYVPLThYCY
onion-key
ntor-onion-key TKG5n/msXpMjDQ055kV44C4TteZsdPVQETh6gOSy758
id ed25519 3E1S4++2M8CNPcj4B5WqjQrHufHysERTqQOWNuRITrI
onion-key
ntor-onion-key KCGNu8Y+wJNZPiw6TmPu6UFV8B5sZtF+VbSzvKwyfNE
family $01CDE94CD08CECB846C05DA86FE8D57FBA6BDDE2 $6CEFD206BB27DF2E1AEB6390C1DC93D7A71028FA $7B271262DFAE7154D564B4CDC0A2C0F12DEB32E7
id ed25519 P77ETJW+JsuWsoCIa87nVyJDOuP6so6OCrritAjn9ww
onion-key
ntor-onion-key CYCZNIYl43aAM2NAOIM9WmrHPrapuhBPhCrCsC0rlXQ
id ed25519 irFHKr24ObYzbnH2gpV2h+Pu0qPcGw/h+1JEFIPY70g
onion-key
ntor-onion-key qsvkbDcKyszjhRjqBEyiiW6USDCdg42X1EtiHOw7nls
id ed25519 VkWeneyWCFl9BEfNzvfIeUBPuz3jypM0kQntbkG3jII
onion-key
ntor-onion-key pvFWc261YAt0GlYXJZKc/d8XUfFnSIAPKoG7tePgJQ4
id ed25519 isOrrYupJ7bgOi643Z7c7KlQKmDn4Xsw4WEiC71J3cw
onion-key
ntor-onion-key aojfDo/w4PBZCD+Po4Qh9+cTl9hKITv0p1wVyfoZbtM
id ed25519 CMnCYg/wzlFgEsIkMDpGxPPas672iqfdAGAW3GUq0gw
onion-key
ntor-onion-key whbXnhAsjP1N7EmELRm4bE+NT3Ano4919BrDC9IRuN4
id ed25519 JJ8QKA+Xl1uehETZo/uMePdq7iaQEvRKnW0jXDk2vbY
`;
