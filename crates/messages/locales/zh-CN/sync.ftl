# Texts of sync: why a connection ended (`refused-CODE`), and why the relay did not take a change (`refusal-CODE`).

refused-done = 交换已完成。
refused-malformed = 数据已损坏或不符合协议。请重试；如果一直如此，说明本机与中继之间有设备改动了数据。
refused-unexpected = 收到了不该出现的消息。请重试；如果一直如此，请更新本程序和中继。
refused-limit = 超出了协议的限额。请重试；如果一直如此，请更新本程序和中继。
refused-version = 中继使用的协议版本不同。请更新本程序或中继。
refused-signature = 无法验证本设备的密钥。请用新的邀请码重新登记。
refused-not_enrolled = 中继不认识本设备。请用邀请码登记：`fieldbook enrol`。
refused-revoked = 本设备已被停用。请联系管理员；这里录入的内容都还在。
refused-wrong_branch = 本设备不属于该网点。请向管理员索取该网点的邀请码。
refused-invite_unknown = 没有这个邀请码。请检查是否输入有误。
refused-invite_used = 邀请码已被使用。请索取新的邀请码。
refused-invite_expired = 邀请码已过期。请索取新的邀请码。
refused-idle = 太久没有收到回应。请在网络好转后重试。
refused-unavailable = 中继暂时无法服务。请稍后重试。
refused-restored = 本设备的数据是一份较早的副本。没有发送任何内容，这里也没有任何改动。
refused-gap = 缺少一部分数据。请重试；已收到的内容都已保存。
refused-replaced = 本设备又建立了一个连接，较早的连接已结束。
refused-unequal = 中继与本机保存的内容不一致。请再次运行 `fieldbook sync`：双方会找出差异并相互补齐。
refused-busy = 中继的连接数已满。请稍后重试。
refused-rate = 短时间内从这里发起的连接过多。请一分钟后重试。
refused-other = 原因是本版本不认识的。请更新本程序。

refusal-malformed = 已损坏
refusal-missing_dependency = 它所依据的更改中继没有
refusal-foreign_actor = 由另一台设备写入
refusal-reused_sequence = 它的编号已用于另一个更改：数据曾被恢复或复制
refusal-too_large = 太大
refusal-erased = 所属档案已被删除
refusal-not_authorised = 本设备已不能写入该网点
